import {
  ArgumentError,
  decodeFrame,
  defaults,
  encodeMessage,
  type HelloEnvelope,
  limits,
  PeerFault,
  SessionMachine,
  type SessionOutput,
  utf8Length,
} from '@lastword/protocol'
import { pollLinkOpener } from '@lastword/transport'
import { expect } from 'vitest'
import { createAdapter } from '../src/index.ts'
import { hello, key, sid } from './by-hand.ts'
import { openingAnswer, request, roundBody } from './memory-post.ts'
import { arriveAt, settled } from './memory-socket.ts'

// Ways to reach a limit. Each says `taken`, or the name by which what was tried was refused.

export const msg = { t: 'msg', seq: 1, id: 'm1' }

export const chars = (count: number) => 'x'.repeat(count)

/** Frames that fill the initial window to its last byte, each with one message; the next one has number `full + 1`. */
export const full = defaults.windowBytes / limits.maxBytesMin
export const fullWindow = Array.from({ length: full }, (_, n) =>
  frameOf(limits.maxBytesMin + limits.frameOverheadBytes, n + 1),
)

export function decoded(envelopes: object[]): string {
  const text = JSON.stringify(envelopes)
  return faultOf(() => decodeFrame(text, utf8Length(text), { frameBytesMax: Number.POSITIVE_INFINITY }))
}

/** A binary frame with a header of so many bytes. */
export function decodedBinary(headerBytes: number): string {
  const header = JSON.stringify({ ...msg, x: '' })
  const padded = Buffer.from(JSON.stringify({ ...msg, x: chars(headerBytes - header.length) }))
  expect(padded).toHaveLength(headerBytes)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(headerBytes)
  const frame = new Uint8Array(Buffer.concat([length, padded]))
  return faultOf(() => decodeFrame(frame, frame.length, { frameBytesMax: Number.POSITIVE_INFINITY }))
}

/** A text frame of so many bytes, with messages from this number on. */
export function frameOf(bytes: number, seq = 1, messages = 1): string {
  const list = (d: string) =>
    JSON.stringify(
      Array.from({ length: messages }, (_, n) => ({ ...msg, seq: seq + n, d: n === 0 ? d : '' })),
    )
  const frame = list(chars(bytes - list('').length))
  expect(frame).toHaveLength(bytes)
  return frame
}

/** Brings a body of so many bytes to the HTTP side of a server that takes the smallest messages. */
export async function posted(bytes: number): Promise<string> {
  const answer = request(
    createAdapter({ maxBytes: limits.maxBytesMin }),
    '?lastword=once',
    `[${chars(bytes - 1)}`,
  )
  await settled()
  return answer.status === 200 ? 'taken' : `HTTP ${answer.status}`
}

/** Two frames that take so many bytes in a body, sent at once by a client that polls. */
export async function batched(bytes: number): Promise<string> {
  let bodies = 0
  const link = pollLinkOpener({
    fetch: async () =>
      ++bodies === 1 ? new Response(new Uint8Array(openingAnswer)) : new Promise<never>(() => {}),
  })('ws://localhost:1/', { protocols: ['lastword.1'] })
  const heads = 2 * 5
  link.attach({
    onOpen() {
      link.send('x')
      link.send(chars(bytes - heads - 1))
    },
    onFrame() {},
    onDrain() {},
    onEnd() {},
  })
  await settled()
  const sent = bodies - 1
  link.abort()
  return sent === 1 ? 'taken' : `in ${sent === 2 ? 'two' : sent} bodies`
}

/** A round with so many missing in front of it. */
export async function overtaking(missing: number): Promise<string> {
  const adapter = createAdapter()
  request(adapter, '?lastword=poll', roundBody(0))
  await settled()
  const answer = request(adapter, '?lastword=poll', roundBody(1 + missing))
  await settled()
  return answer.status === undefined ? 'taken' : `HTTP ${answer.status}`
}

/** Gives a server's session, which takes the smallest messages and handles none, these frames. */
export function received(...frames: string[]): string {
  const machine = server()
  for (const frame of frames) machine.handle({ type: 'frame', link: 1, frame, bytes: frame.length }, 0)
  return outcomeOf(machine.takeOutputs())
}

/** A session whose first message is never handled, and all the others at once, up to this number. */
export function spanned(last: number, kind: 'msg' | 'fin'): string {
  const machine = server()
  const receive = (envelope: object) => {
    const frame = JSON.stringify([envelope])
    machine.handle({ type: 'frame', link: 1, frame, bytes: frame.length }, 0)
  }
  const messages = Math.min(last - 1, limits.sequenceSpanMax)
  for (let seq = 1; seq <= messages; seq++) {
    receive({ ...msg, seq })
    if (seq > 1) machine.handle({ type: 'handled', seq }, 0)
    machine.pollFrame()
  }
  // One above the span is not to be had: nothing is ever that far ahead.
  if (last > limits.sequenceSpanMax + 1) receive({ ...msg, seq: messages + 1 })
  receive(kind === 'msg' ? { ...msg, seq: last } : { t: 'fin', seq: last })
  return outcomeOf(machine.takeOutputs())
}

/** A client that has something this large to send when its first link is opened. */
export function sentBeforeWelcome(bytes: number): string {
  const machine = new SessionMachine({ ...config, role: 'client' })
  const around = encodeMessage('m1', { text: '""' }, undefined).bytes
  const message = encodeMessage('m1', { text: `"${chars(bytes - around)}"` }, undefined)
  expect(message.bytes).toBe(bytes)
  machine.handle({ type: 'send', message }, 0)
  machine.handle({ type: 'link-start', link: 1 }, 0)
  machine.handle({ type: 'link-open', link: 1 }, 0)
  while (machine.pollFrame() !== undefined);
  return machine.inFlightCount === 1 ? 'taken' : 'held back'
}

/** A session whose peer breaks the protocol so often, on a link of its own each time. */
export function faulty(times: number): string {
  const machine = server()
  for (let link = 1; link <= times; link++) {
    if (link > 1)
      machine.handle({ type: 'link-accept', link, hello: { ...hello(), link } as HelloEnvelope }, 0)
    machine.handle({ type: 'frame', link, frame: 'x', bytes: 1 }, 0)
  }
  return outcomeOf(machine.takeOutputs().filter(({ type }) => type !== 'fault'))
}

const config = {
  ...{ sid, key, window: { messages: 1, bytes: limits.maxBytesMin }, maxBytes: limits.maxBytesMin },
  ...{ keepaliveMs: defaults.keepaliveMs, ttlMs: defaults.ttlMs, welcomeTimeoutMs: defaults.helloTimeoutMs },
}

/** A server's session that has accepted its first link. */
function server(): SessionMachine {
  const machine = new SessionMachine({ ...config, role: 'server' })
  machine.handle({ type: 'link-accept', link: 1, hello: hello() as HelloEnvelope }, 0)
  machine.takeOutputs()
  return machine
}

function outcomeOf(outputs: SessionOutput<unknown>[]): string {
  for (const output of outputs) {
    if (output.type === 'fault') return output.code
    if (output.type === 'ended') return output.report.code
  }
  return 'taken'
}

/** How an adapter answers a hello. */
export async function admitted(changes: Record<string, unknown>): Promise<string> {
  const client = arriveAt(createAdapter())
  client.say(hello(changes))
  await settled()
  const [first] = client.heard
  return first?.t === 'welcome' ? 'taken' : String(first?.code)
}

export function faultOf(read: () => unknown): string {
  try {
    read()
    return 'taken'
  } catch (fault) {
    if (fault instanceof PeerFault) return fault.code
    throw fault
  }
}

export function thrownBy(call: () => unknown): string {
  try {
    call()
    return 'taken'
  } catch (error) {
    if (error instanceof ArgumentError) return error.code
    throw error
  }
}
