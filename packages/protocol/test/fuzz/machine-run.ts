import { resetCodes } from '../../src/codes.ts'
import { encodeMessage, encodeNote } from '../../src/encode.ts'
import type { Frame, HelloEnvelope } from '../../src/envelope.ts'
import { limits } from '../../src/limits.ts'
import type { OutgoingMessage } from '../../src/outgoing-message.ts'
import type { SessionConfig, SessionInput, SessionOutput } from '../../src/session-io.ts'
import { SessionMachine } from '../../src/session-machine.ts'
import type { Input, Side } from '../conversation.ts'
import { frameBytes } from '../sim/endpoint.ts'
import { type Facts, Oracle, type Verdict } from './oracle.ts'
import { framesFrom, helloOf, type Line, type PeerView } from './peer-frames.ts'
import type { FrameText } from './seed-frames.ts'
import type { Step } from './steps.ts'
import { demand, Watch } from './watch.ts'

/** What a run is done with: the real machine, or one with a planted fault. */
export type MakeMachine = (config: SessionConfig) => FuzzedMachine
export type FuzzedMachine = Pick<
  SessionMachine<number>,
  | 'handle'
  | 'takeOutputs'
  | 'pollFrame'
  | 'pollFrameOf'
  | 'nextTimeout'
  | 'ended'
  | 'attached'
  | 'retainedBytes'
  | 'inFlightCount'
>

type RecordedInput = Input | { type: 'frame'; link: number; frame: { hex: string } }

/** What was given in, in the notation of `vectors/conversations.json`: what comes out is for whoever keeps it to fill in. */
export interface Recorded {
  side: Side
  now: number
  inputs: RecordedInput[]
}

export const fuzzConfig = {
  sid: 'a-session-to-be-fuzzed',
  key: 'the-key-of-the-fuzzed-session',
  window: { messages: 8, bytes: limits.maxBytesMin },
  maxBytes: limits.maxBytesMin,
  keepaliveMs: 15_000,
  ttlMs: 60_000,
  welcomeTimeoutMs: 10_000,
}

/** Runs one side against a peer that does what the steps say. Throws where a promise is broken, and says which one. */
export function runMachine(role: Side, steps: readonly Step[], make: MakeMachine = realMachine): Recorded[] {
  const run = new MachineRun(role, make)
  try {
    for (const step of steps) run.take(step)
    run.finish()
  } catch (error) {
    throw Object.assign(error as Error, { recorded: run.recorded })
  }
  return run.recorded
}

const realMachine: MakeMachine = (config) => new SessionMachine<number>(config)

interface FuzzedLink {
  id: number
  /** False once this side has closed it. */
  live: boolean
  over: boolean
  opened: boolean
  /** A client's first frame went with the upgrade request. */
  early: boolean
}

class MachineRun {
  readonly recorded: Recorded[] = []
  readonly #role: Side
  readonly #machine: FuzzedMachine
  readonly #watch: Watch
  readonly #oracle: Oracle
  readonly #links: FuzzedLink[] = []
  readonly #said: FrameText[] = []
  readonly #messages: OutgoingMessage<number>[] = []
  #current: FuzzedLink | undefined
  /** The link to which a client is about to move. */
  #next: FuzzedLink | undefined
  #helloLinks = 0
  #busy = false
  #now = 0

  constructor(role: Side, make: MakeMachine) {
    this.#role = role
    this.#machine = make({ role, ...fuzzConfig })
    this.#watch = new Watch(role)
    this.#oracle = new Oracle(role, fuzzConfig.sid, fuzzConfig.maxBytes)
  }

  /** One turn: what happens, and then what leaves because of it. */
  take(step: Step): void {
    this.#happens(step)
    if (!this.#busy && this.#current?.live && this.#current.opened) this.#poll(Number.POSITIVE_INFINITY)
  }

  /** After the peer's last word: the session goes on with a peer that behaves, or has ended, and then it comes to its end. */
  finish(): void {
    if (!this.#machine.ended) this.#goOn()
    for (const link of this.#links) if (!link.over) this.#endLink(link, 1006, false)
    if (!this.#machine.ended) this.#input({ type: 'abort', code: 'aborted', reason: '' })
    demand(this.#machine.ended, 'P3', 'a session that is given up is over')
    for (let round = 0; !this.#watch.released; round++) {
      demand(round < 10 && this.#machine.nextTimeout() < Infinity, 'P7', 'a session that is over is let go')
      this.#pass(true)
    }
    this.#watch.over(this.#machine.retainedBytes)
  }

  /** A peer that keeps to the protocol is served as ever, unless its window is full or it has closed. */
  #goOn(): void {
    for (const link of this.#links) if (link.live) this.#endLink(link, 1006, false)
    if (this.#machine.ended) return
    this.#link({ do: 'link', welcome: 'right', off: 0, link: 0, fresh: false, early: false })
    demand(this.#machine.attached || this.#machine.ended, 'P5', 'a right greeting attaches the session')
    if (this.#machine.ended || this.#watch.peerFin || this.#watch.pending.size > 500) return
    const seq = this.#watch.received + 1
    const before = this.#watch.received
    this.#deliver({ text: JSON.stringify([{ t: 'msg', seq, id: `m${seq}` }]) }, this.#current as FuzzedLink)
    demand(
      this.#watch.received === before + 1 || this.#machine.ended,
      'P2',
      'the next message of a peer that behaves is given out',
    )
  }

  #happens(step: Step): void {
    switch (step.do) {
      case 'frame':
        return this.#peerSays(step)
      case 'link':
        return this.#link(step)
      case 'end': {
        const there = this.#links.filter((link) => !link.over)
        const link = there[step.link % Math.max(1, there.length)]
        if (link !== undefined) this.#endLink(link, step.code, step.clean)
        return
      }
      case 'send':
        return this.#send(step)
      case 'handled': {
        const { pending } = this.#watch
        const seq = [...pending][step.index % Math.max(1, pending.size)] ?? step.index
        this.#watch.handling(seq)
        return this.#input({ type: 'handled', seq })
      }
      case 'drop': {
        const message = this.#messages[step.index % Math.max(1, this.#messages.length)]
        if (message !== undefined) this.#input({ type: 'drop', message })
        return
      }
      case 'cancel':
        return this.#input({ type: 'cancel', re: `${this.#role}-${step.index}` })
      case 'note':
        return this.#input({ type: 'note', text: encodeNote('n', String(step.index)) })
      case 'close':
        this.#input({ type: 'close', timeoutMs: 30_000 })
        return this.#input({ type: 'fin' })
      case 'fin':
        return this.#input({ type: 'fin', code: 3000, reason: 'enough' })
      case 'away':
        return this.#input({ type: 'away', after: 100 })
      case 'abort':
        return this.#input({ type: 'abort', code: resetCodes[step.code] ?? 'aborted', reason: 'no more' })
      case 'time':
        return this.#pass(step.whole)
      case 'busy':
        this.#busy = step.on
        return
    }
  }

  #view(): PeerView {
    return {
      sid: fuzzConfig.sid,
      key: fuzzConfig.key,
      sent: this.#watch.received,
      seen: this.#watch.highestSent,
      ids: this.#watch.sentIds,
      links: this.#helloLinks,
      said: this.#said,
    }
  }

  #peerSays(step: Extract<Step, { do: 'frame' }>): void {
    const old = this.#links.filter(({ over, live }) => !over && !live).at(-1)
    const link = { old, current: this.#current, next: this.#next ?? this.#current }[step.link]
    if (link === undefined || link.over || !(link.opened || this.#role === 'server')) return
    for (const frame of framesFrom(this.#view(), step.frame)) this.#deliver(frame, link)
  }

  #deliver(frame: FrameText, link: FuzzedLink): void {
    this.#said.push(frame)
    const real: Frame = 'text' in frame ? frame.text : new Uint8Array(Buffer.from(frame.hex, 'hex'))
    const bytes = frameBytes(real)
    const recorded = { type: 'frame', link: link.id, frame } as RecordedInput
    const give = () => this.#input({ type: 'frame', link: link.id, frame: real, bytes }, recorded)
    // What comes on a link that this side has closed, or after the end, is of no consequence.
    const next = this.#next === link
    if ((this.#current !== link && !next) || !link.live || this.#machine.ended) return give()
    this.#watch.hears(real, bytes)
    const verdict = this.#oracle.hears(real, bytes, this.#facts(), next)
    this.#expect(verdict, link, give)
  }

  /** What happens to a link must be what the rules say, and by the name that they have for it. */
  #expect(verdict: Verdict, link: FuzzedLink, give: () => void): void {
    give()
    const name = this.#watch.closedAs(link.id)
    const { ended } = this.#machine
    if (verdict === 'refused')
      return demand(!link.live && !ended, 'R-128', 'that link is refused, and nothing else')
    if (verdict === 'ended') return demand(ended, 'R-84', 'the session is over')
    if (verdict !== 'taken') {
      return demand(!link.live && name === verdict, 'R-99', `the link ends as ${verdict}, and not as ${name}`)
    }
    // A session that is finished by it closes its link, and for no other reason.
    demand(link.live || ended, 'R-99', `what is right ended the link as ${name}`)
  }

  #facts(): Facts {
    return { highestSent: this.#watch.highestSent, pending: this.#watch.pending.size }
  }

  #link(step: Extract<Step, { do: 'link' }>): void {
    // Nobody knows of a session that was let go.
    if (this.#watch.released) return
    const link: FuzzedLink = {
      id: this.#links.length + 1,
      ...{ live: true, over: false, opened: false, early: step.early },
    }
    if (this.#role === 'client') {
      if (!this.#clientMayStart()) return
      const moving = this.#current?.live === true
      this.#oracle.begins(moving)
      if (moving) {
        this.#links.push(link)
        this.#next = link
      } else this.#begin(link)
      this.#input({ type: 'link-start', link: link.id })
      // As the driver does: what the first frame is is decided now, and it leaves early or when the link is open.
      const hello = this.#machine.pollFrameOf(
        link.id,
        step.early ? Math.floor(limits.earlyCharsMax * 0.75) : undefined,
      )
      if (hello !== undefined) this.#watch.polled(hello, link.id)
      this.#look()
      if (step.welcome === 'none') return
      link.opened = true
      this.#input({ type: 'link-open', link: link.id })
      if (step.welcome === 'later') return
      const welcome = {
        say: 'welcome',
        off: step.off,
        resumed: !step.fresh,
        small: false,
        rightSid: true,
      } as const
      this.#deliver(onlyFrame(this.#view(), welcome), link)
      return
    }
    const hello = { say: 'hello', off: step.off, link: step.link, fresh: step.fresh, rightKey: true } as const
    const envelope = helloOf(this.#view(), hello) as HelloEnvelope
    this.#begin(link)
    link.opened = true
    if (envelope.link > this.#helloLinks) this.#helloLinks = envelope.link
    this.#watch.greeted(envelope)
    const give = () => this.#input({ type: 'link-accept', link: link.id, hello: envelope })
    if (this.#machine.ended) return give()
    this.#expect(this.#oracle.greeted(envelope, this.#facts()), link, give)
  }

  /** As its driver does: no second link while the first is on its way, no third one while there are two. */
  #clientMayStart(): boolean {
    if (this.#current?.live !== true) return true
    return this.#machine.attached && this.#next === undefined
  }

  /** A link is over, or this side has closed it. */
  #leaves(link: FuzzedLink): void {
    link.live = false
    if (this.#next === link) {
      this.#next = undefined
      this.#oracle.stays()
    } else if (this.#current === link) {
      // A server's link that came too late leaves the one that is there in its place.
      this.#current = this.#next ?? this.#links.filter(({ live }) => live).at(-1)
      this.#next = undefined
      if (this.#role === 'client') this.#oracle.moves()
    }
  }

  #begin(link: FuzzedLink): void {
    this.#links.push(link)
    this.#current = link
  }

  #endLink(link: FuzzedLink, code: number, clean: boolean): void {
    link.over = true
    const neverLeft = this.#role === 'client' && !link.opened && !link.early
    if (neverLeft) this.#watch.neverLeft(link.id)
    this.#input({ type: 'link-end', link: link.id, code, reason: '', clean, neverLeft })
    this.#leaves(link)
  }

  #send({ bytes, binary, ask }: Extract<Step, { do: 'send' }>): void {
    const index = this.#messages.length
    const id = `${this.#role}-${index}`
    const content = binary ? { payload: new Uint8Array(bytes) } : { text: JSON.stringify('x'.repeat(bytes)) }
    const message = encodeMessage(id, { name: 'n', ask, ...content }, index)
    this.#messages.push(message)
    this.#watch.sending(message)
    const recorded = binary ? { payloadHex: '00'.repeat(bytes) } : { data: `@x${bytes}` }
    this.#input({ type: 'send', message }, { type: 'send', id, name: 'n', ...(ask && { ask }), ...recorded })
  }

  #pass(whole: boolean): void {
    const due = this.#machine.nextTimeout()
    if (due === Infinity) return
    demand(!Number.isNaN(due), 'P7', 'a deadline is a number')
    this.#now = whole ? Math.max(this.#now, due) : this.#now + Math.max(0, (due - this.#now) / 2)
    this.#input({ type: 'timeout' })
  }

  #poll(times: number, strictBytes?: number): void {
    for (let n = 0; n < times; n++) {
      const frame = this.#machine.pollFrame(strictBytes)
      if (frame === undefined) break
      this.#watch.polled(frame, this.#current?.id ?? 0)
    }
    this.#look()
  }

  #input(input: SessionInput<number>, recorded: RecordedInput = recordedInput(input)): void {
    this.recorded.push({ side: this.#role, now: this.#now, inputs: [recorded] })
    this.#machine.handle(input, this.#now)
    this.#look()
  }

  #look(): void {
    for (const output of this.#machine.takeOutputs()) {
      if (output.type === 'link-close') this.#onClose(output)
      this.#watch.output(output)
    }
    this.#watch.bounds(this.#machine.retainedBytes, this.#machine.inFlightCount)
  }

  #onClose(output: Extract<SessionOutput<number>, { type: 'link-close' }>): void {
    const link = this.#links.find(({ id }) => id === output.link)
    demand(link?.live, 'R-51', 'a link is closed once')
    if (output.last !== undefined) this.#watch.polled(output.last, output.link)
    this.#leaves(link as FuzzedLink)
  }
}

function onlyFrame(view: PeerView, line: Line): FrameText {
  const [frame] = framesFrom(view, { frame: 'lines', lines: [line], edits: [], splitAt: undefined })
  return frame as FrameText
}

function recordedInput(input: SessionInput<number>): RecordedInput {
  switch (input.type) {
    case 'link-accept':
      return { type: 'frame', link: input.link, frame: [input.hello] }
    case 'drop':
      return { type: 'drop', id: input.message.id }
    case 'note':
      return { type: 'note', name: 'n' }
    case 'timeout':
      return { type: 'time' }
    default:
      return input as Input
  }
}
