import { connect, traceToFile } from '@lastword/sdk'
import { signaling } from './contract.mjs'

const trace = traceToFile('trace.jsonl') // createAdapter({ trace }) does the same for a server
const session = connect('ws://localhost:8080', { contract: signaling, trace })
await session.request('offer', { sdp: 'my offer' })
await session.close()
await trace.close()
