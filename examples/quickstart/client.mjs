import { connect } from '@lastword/sdk'
import { signaling } from './contract.mjs'

const session = connect('ws://localhost:8080', { contract: signaling })
const answer = await session.request('offer', { sdp: 'my offer' })
console.log(answer.sdp) // the answer to my offer

const report = await session.close()
console.log(report.clean) // true: both sides have handled everything
