import { earlyPrefix } from '@lastword/protocol'
import { expect, test } from 'vitest'
import { hello, serveWithNeighbour } from './by-hand.ts'
import { type Served, until } from './harness.ts'

/** Offers exactly these header lines in an upgrade request. Says how that ended: an HTTP status, a close code, or a welcome. */
async function offer(served: Served, lines: string | string[]): Promise<unknown> {
  let outcome: unknown
  const socket = served.raw(['lastword.1'], {
    finishRequest(request) {
      request.setHeader('Sec-WebSocket-Protocol', lines)
      request.end()
    },
  })
  socket.on('unexpected-response', (_, response) => {
    outcome ??= { status: response.statusCode }
    socket.terminate()
  })
  socket.on('message', (data) => {
    outcome ??= JSON.parse(String(data))[0].t
  })
  socket.on('close', (code) => {
    outcome ??= code
  })
  return until(() => outcome, { what: 'an outcome' })
}

function early(frame: string | Uint8Array): string {
  return earlyPrefix + Buffer.from(frame as string).toString('base64url')
}

const right = early(JSON.stringify([hello()]))
const other = early(JSON.stringify([hello({ link: 2 })]))

const games: Array<[what: string, header: string | string[], outcome: unknown, name?: string]> = [
  [
    'that is as long as it may be, and no frame',
    `lastword.1, ${earlyPrefix}${'A'.repeat(6144)}`,
    4400,
    'frameMalformed',
  ],
  ['that is a character too long', `lastword.1, ${earlyPrefix}${'A'.repeat(6145)}`, 4413, 'frameTooLarge'],
  ['with a character that is not base64url', `lastword.1, ${earlyPrefix}W1!d`, 4400, 'frameMalformed'],
  ['with padding', `lastword.1, ${earlyPrefix}MQ==`, { status: 400 }],
  ['with bits left over', `lastword.1, ${earlyPrefix}MR`, 4400, 'frameMalformed'],
  ['that is not UTF-8', `lastword.1, ${early(new Uint8Array([0xff, 0xfe]))}`, 4400, 'frameMalformed'],
  ['that is empty', `lastword.1, ${earlyPrefix}`, 4400, 'frameMalformed'],
  ['that is no frame', `lastword.1, ${early('hello')}`, 4400, 'frameMalformed'],
  ['without a hello', `lastword.1, ${early('[{"t":"ping","k":1}]')}`, 4403, 'helloExpected'],
  ['beside another one', `lastword.1, ${right}, ${other}`, 4400, 'frameMalformed'],
  ['that comes twice', `lastword.1, ${right}, ${right}`, { status: 400 }],
  ['in a header of its own, twice', ['lastword.1', right, other], 4400, 'frameMalformed'],
  ['in an empty list', 'lastword.1,,', { status: 400 }],
]

test.each(games)('an early frame %s is refused, and disturbs nobody', async (_, header, outcome, name) => {
  const served = await serveWithNeighbour('ws')
  expect(await offer(served, header)).toEqual(outcome)
  expect(served.refused.map(({ code }) => code)).toEqual(name === undefined ? [] : [name])
  expect(served.adapter.sessionCount).toBe(1)
  await served.neighbourGoesOn()
})

test('an early frame that is longer than HTTP headers may be does not get as far as the adapter', async () => {
  const served = await serveWithNeighbour('ws')
  const outcome = await offer(served, `lastword.1, ${earlyPrefix}${'A'.repeat(20_000)}`)
  // Whether the answer arrives before the connection is reset is up to the network.
  expect([{ status: 431 }, 1006]).toContainEqual(outcome)
  expect(served.refused).toEqual([])
  expect(served.adapter.sessionCount).toBe(1)
  await served.neighbourGoesOn()
})

test('an early frame in a header of its own is one like any other', async () => {
  const served = await serveWithNeighbour('ws')
  expect(await offer(served, ['lastword.1', right])).toBe('welcome')
  await served.neighbourGoesOn()
})

test('an early frame of a client that does not offer lastword itself is not looked at', async () => {
  const served = await serveWithNeighbour('ws')
  // The client ends it, for the server has selected nothing that it offered.
  expect(await offer(served, right)).toBe(1006)
  expect(served.adapter.sessionCount).toBe(1)
  await served.neighbourGoesOn()
})
