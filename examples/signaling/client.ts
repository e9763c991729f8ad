import { readFileSync } from 'node:fs'
import { connect } from '@lastword/sdk'
import { makeOffer } from '../demo/peers.ts'

const session = connect('wss://localhost:8443/', { tls: { ca: readFileSync('cert.pem', 'utf8') } })
const peer = await makeOffer()

const answer = (await session.request('offer', { sdp: peer.sdp })) as { sdp: string }
peer.apply(answer.sdp)
console.log(`through the data channel: ${await peer.message(5_000)}`)

const report = await session.close()
console.log(report.clean ? 'closed: both sides have handled everything' : report)

// libdatachannel keeps its threads, and with them the process.
peer.close()
process.exit(report.clean ? 0 : 1)
