import { expect } from 'vitest'
import { decodeFrame } from '../src/decode.ts'
import { encodeBinaryFrame, encodeMessage, encodeNote } from '../src/encode.ts'
import type { Envelope, Frame } from '../src/envelope.ts'
import { limits } from '../src/limits.ts'
import type { OutgoingMessage } from '../src/outgoing-message.ts'
import type { SessionConfig, SessionOutput } from '../src/session-io.ts'
import { SessionMachine } from '../src/session-machine.ts'
import type { Event, FrameJson, Input, Out, Side, SideConfig } from './conversation.ts'
import { bytesOf, wireBytes } from './vectors.ts'

/** What a side handed to a link: an `Out`, with the frame as it was made. */
export interface Emission {
  out: Out
  frame: Frame | undefined
}

/** What a conversation asks of a machine. */
type Machine = Pick<SessionMachine, 'handle' | 'takeOutputs' | 'pollFrameOf' | 'nextTimeout'>
export type MakeMachine = (config: SessionConfig) => Machine

const realMachine: MakeMachine = (config) => new SessionMachine(config)

/** A real session machine, driven by the inputs of a conversation. */
export class ConversationSide {
  readonly #side: Side
  readonly #machine: Machine
  readonly #messages = new Map<string, OutgoingMessage>()
  readonly #openLinks = new Set<number>()
  readonly #acceptedLinks = new Set<number>()
  #emissions: Emission[] = []
  #events: Event[] = []

  constructor(side: Side, config: SideConfig, make: MakeMachine = realMachine) {
    this.#side = side
    this.#machine = make({ role: side, ...config })
  }

  /** When it wants to be told the time. */
  nextTimeout(): number {
    return this.#machine.nextTimeout()
  }

  /** Gives the inputs of one turn in. `receive` yields the frame that a `frame` input stands for. */
  turn(inputs: Input[], now: number, receive: (link: number, frame: FrameJson) => Frame): Turn {
    for (const input of inputs) {
      if (input.type === 'frame') this.#onFrame(input.link, receive(input.link, input.frame), now)
      else this.#onInput(input, now)
      this.#carryOut()
    }
    for (const link of this.#openLinks) {
      for (let frame = this.#poll(link); frame !== undefined; frame = this.#poll(link)) {
        this.#emitFrame(link, frame)
      }
    }
    this.#carryOut()
    const turn = { emissions: this.#emissions, events: this.#events }
    this.#emissions = []
    this.#events = []
    return turn
  }

  /** The server's door: the first frame on a link begins with `hello`, which accepts it. */
  #onFrame(link: number, frame: Frame, now: number): void {
    const bytes = wireBytes(frame)
    if (this.#side === 'client' || this.#acceptedLinks.has(link)) {
      return this.#machine.handle({ type: 'frame', link, frame, bytes }, now)
    }
    const decoded = decodeFrame(frame, bytes, { frameBytesMax: Number.POSITIVE_INFINITY })
    const [hello, ...rest] = decoded.envelopes
    if (hello?.t !== 'hello') throw new Error(`the first frame on link ${link} does not begin with hello`)
    this.#acceptedLinks.add(link)
    this.#openLinks.add(link)
    this.#machine.handle({ type: 'link-accept', link, hello }, now)
    if (rest.length === 0) return
    this.#machine.handle({ type: 'decoded', link, decoded: { ...decoded, envelopes: rest }, bytes }, now)
  }

  #onInput(input: Exclude<Input, { type: 'frame' }>, now: number): void {
    const machine = this.#machine
    switch (input.type) {
      case 'link-start':
        machine.handle({ type: 'link-start', link: input.link }, now)
        if (input.early) {
          const frame = machine.pollFrameOf(input.link, Math.floor(limits.earlyCharsMax * 0.75))
          if (frame === undefined) throw new Error('no frame for the upgrade request')
          this.#emitFrame(input.link, frame, true)
        }
        return
      case 'link-open':
        this.#openLinks.add(input.link)
        return machine.handle(input, now)
      case 'link-end':
        this.#openLinks.delete(input.link)
        return machine.handle({ ...input, reason: '', neverLeft: input.neverLeft ?? false }, now)
      case 'send': {
        const payload = input.payloadHex === undefined ? undefined : bytesOf(input.payloadHex)
        const text = input.data === undefined ? undefined : JSON.stringify(input.data)
        const message = encodeMessage(input.id, { ...input, text, payload }, undefined)
        this.#messages.set(input.id, message)
        return machine.handle({ type: 'send', message }, now)
      }
      case 'drop': {
        const message = this.#messages.get(input.id)
        if (message === undefined) throw new Error(`${input.id} was never sent`)
        return machine.handle({ type: 'drop', message }, now)
      }
      case 'note': {
        const payload = input.payloadHex === undefined ? undefined : bytesOf(input.payloadHex)
        const text = input.data === undefined ? undefined : JSON.stringify(input.data)
        return machine.handle({ type: 'note', text: encodeNote(input.name, text), payload }, now)
      }
      case 'time':
        return machine.handle({ type: 'timeout' }, now)
      default:
        return machine.handle(input, now)
    }
  }

  #poll(link: number): Frame | undefined {
    return this.#machine.pollFrameOf(link)
  }

  #carryOut(): void {
    for (const output of this.#machine.takeOutputs()) {
      if (output.type !== 'link-close') {
        this.#events.push(eventOf(output))
        continue
      }
      if (output.last !== undefined) this.#emitFrame(output.link, output.last)
      this.#emissions.push({ out: { link: output.link, close: output.code }, frame: undefined })
      this.#openLinks.delete(output.link)
    }
  }

  #emitFrame(link: number, frame: Frame, early = false): void {
    const out: Out = { link, frame: jsonOf(frame) }
    if (early) out.early = true
    this.#emissions.push({ out, frame })
  }
}

export interface Turn {
  emissions: Emission[]
  events: Event[]
}

/** The frame that a vector describes. */
export function frameOf(json: FrameJson): Frame {
  if ('text' in json) return json.text
  if ('header' in json) return encodeBinaryFrame(JSON.stringify(json.header), bytesOf(json.payloadHex))
  return JSON.stringify('messages' in json ? bareMessages(json.messages) : json)
}

/** Expects the same envelopes; the `reason` of a `reset` counts only where the vector gives one. */
export function expectSameFrame(actual: FrameJson, expected: FrameJson): void {
  expect(withoutFreeWords(actual, expected)).toEqual(expected)
}

export function expectSameOut(actual: Out[], expected: Out[]): void {
  const comparable = actual.map((out, i) => {
    const wanted = expected[i]
    if (!('frame' in out) || wanted === undefined || !('frame' in wanted)) return out
    return { ...out, frame: withoutFreeWords(out.frame, wanted.frame) }
  })
  expect(comparable).toEqual(expected)
}

/** The events of a step, each on its own. */
export function eachEvent(events: Event[]): Event[] {
  return events.flatMap((event) => {
    if (event.event === 'ended') return [{ ...event, report: withEachId(event.report) }]
    if (event.event !== 'messages') return [event]
    return bareMessages(event).map(({ seq, id }): Event => ({ event: 'message', seq, id }))
  })
}

function withEachId(report: EndedReport): EndedReport {
  const { unhandled } = report.incoming
  if (Array.isArray(unhandled)) return report
  const ids = bareMessages(unhandled).map(({ id }) => id)
  return { ...report, incoming: { ...report.incoming, unhandled: ids } }
}

type EndedReport = Extract<Event, { event: 'ended' }>['report']

function withoutFreeWords(actual: FrameJson, expected: FrameJson): FrameJson {
  if (!Array.isArray(actual) || !Array.isArray(expected)) return actual
  return actual.map((envelope, i): Envelope => {
    const wanted = expected[i]
    if (envelope.t !== 'reset' || wanted?.t !== 'reset' || wanted.reason !== undefined) return envelope
    const { reason: _, ...rest } = envelope
    return rest
  })
}

function bareMessages({ from, to }: { from: number; to: number }): { t: 'msg'; seq: number; id: string }[] {
  return Array.from({ length: to - from + 1 }, (_, i) => ({ t: 'msg', seq: from + i, id: `m-${from + i}` }))
}

function jsonOf(frame: Frame): FrameJson {
  const { envelopes, payload } = decodeFrame(frame, 0, { frameBytesMax: Number.POSITIVE_INFINITY })
  const [header] = envelopes
  if (payload === undefined || header === undefined) return envelopes
  return { header, payloadHex: hexOf(payload) }
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function eventOf(output: Exclude<SessionOutput<unknown>, { type: 'link-close' }>): Event {
  switch (output.type) {
    case 'attached':
      return { event: 'attached', link: output.link, resumed: output.resumed }
    case 'recovered':
      return { event: 'recovered', link: output.link }
    case 'detached':
      return { event: 'detached', link: output.link, code: output.code }
    case 'message':
      return { event: 'message', seq: output.envelope.seq, id: output.envelope.id }
    case 'note': {
      const event: Event = { event: 'note' }
      if (output.envelope.ch !== undefined) event.name = output.envelope.ch
      if (output.envelope.d !== undefined) event.data = output.envelope.d
      if (output.payload !== undefined) event.payloadHex = hexOf(output.payload)
      return event
    }
    case 'cancel':
      return { event: 'cancel', re: output.re }
    case 'handled':
      return { event: 'handled', ids: output.messages.map((message) => message.id) }
    case 'failed':
      return {
        event: 'failed',
        messages: output.messages.map(({ message, fate }) => ({ id: message.id, fate })),
      }
    case 'peer-fin': {
      const event: Event = { event: 'peer-fin' }
      if (output.code !== undefined) event.code = output.code
      if (output.reason !== undefined) event.reason = output.reason
      return event
    }
    case 'away':
      return { event: 'away', after: output.after }
    case 'move-refused':
      return { event: 'move-refused', link: output.link, code: output.code }
    case 'fault':
      return { event: 'fault', by: output.by, code: output.code }
    case 'ended': {
      const { reason: _, ...report } = output.report
      return { event: 'ended', report }
    }
    case 'released':
      return { event: 'released' }
  }
}
