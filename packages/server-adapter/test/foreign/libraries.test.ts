import { certificate, until } from '@lastword/testkit'
import { WebSocket as DataChannelWebSocket } from 'node-datachannel'
import { Agent, WebSocket as UndiciWebSocket } from 'undici'
import { test } from 'vitest'
import { atTheEnd } from '../harness.ts'
import { everyRound, expectWhole, hearing, mebibyte, plainServer, rounds } from './rounds.ts'

test(`undici's WebSocket has its last message of 1 MiB in ${rounds} of ${rounds} rounds`, async () => {
  const server = await plainServer()
  const { cert } = await certificate()
  const dispatcher = new Agent({ connect: { ca: cert } })
  atTheEnd(() => dispatcher.destroy())
  const outcomes = await everyRound((round) => {
    const { heard, closed, outcome } = hearing(round)
    const socket = new UndiciWebSocket(`${server.url}?round=${round}`, { dispatcher })
    socket.addEventListener('message', ({ data }) => heard(data))
    socket.addEventListener('close', closed)
    return outcome
  })
  await until(() => server.reports.size === rounds, { what: 'every report', timeoutMs: 30_000 })
  expectWhole(outcomes, server)
})

/** libdatachannel takes no authority, and cuts messages above its limit without a word. */
const dataChannelOptions = { disableTlsVerification: true, maxMessageSize: 2 * mebibyte }

/** libdatachannel answers a close frame with an empty one, which reads as 1005. */
const dataChannelCodes = [1005]

/** A socket of node-datachannel that nobody holds is collected, and calls back no more. */
const held = new Set<DataChannelWebSocket>()

test(`libdatachannel's WebSocket has its last message of 1 MiB in ${rounds} of ${rounds} rounds`, async () => {
  const server = await plainServer()
  const outcomes = await everyRound(async (round) => {
    const { heard, closed, outcome } = hearing(round)
    const socket = new DataChannelWebSocket(dataChannelOptions)
    held.add(socket)
    socket.onMessage((message) => heard(String(message)))
    socket.onClosed(closed)
    socket.onError(() => {})
    socket.open(`${server.url}?round=${round}`)
    return outcome.finally(() => held.delete(socket))
  })
  await until(() => server.reports.size === rounds, { what: 'every report', timeoutMs: 30_000 })
  expectWhole(outcomes, server, dataChannelCodes)
})
