import { accusation, closeCodes } from '../../src/codes.ts'
import { decodeFrame } from '../../src/decode.ts'
import type { Envelope, Frame, HelloEnvelope } from '../../src/envelope.ts'
import { defaults, limits } from '../../src/limits.ts'
import type { OutgoingMessage } from '../../src/outgoing-message.ts'
import type { SessionOutput } from '../../src/session-io.ts'
import type { Side } from '../conversation.ts'
import { frameBytes } from '../sim/endpoint.ts'

/** A promise that was broken. */
export class Broken extends Error {
  constructor(promise: string, what: string) {
    super(`${promise} is broken: ${what}`)
    this.name = 'Broken'
  }
}

export function demand(holds: unknown, promise: string, what: string): asserts holds {
  if (!holds) throw new Broken(promise, what)
}

/** The name by which a link's close code is known. */
function nameOf(code: number): string | undefined {
  return Object.entries(closeCodes).find(([, number]) => number === code)?.[0]
}

/**
 * Looks at everything that goes into a session and comes out of it, and holds that to the promises, without a look
 * inside.
 */
export class Watch {
  readonly #side: Side
  /** Numbers of messages given out and not handled. */
  readonly pending = new Set<number>()
  /** The highest number that was taken from the peer. */
  received = 0
  highestSent = 0
  readonly sentIds: string[] = []
  peerFin = false
  released = false
  #ended = false
  readonly #closedAs = new Map<number, string>()
  #handled = new Set<number>()
  /** Every message that the application sent, and what became of it. */
  readonly #fates = new Map<
    OutgoingMessage<number>,
    'open' | 'handled' | 'not-sent' | 'received' | 'unknown'
  >()
  /** Links on which a message may have left, by id. */
  readonly #leftOn = new Map<string, Set<number>>()
  /** Numbers that the peer has acknowledged, as ranges. */
  readonly #acked: Array<[number, number]> = []
  /** The last number that went over each link; 0 once anything else did. */
  readonly #lastOn = new Map<number, number>()
  /** Links on which a number went out, and whether it was that of fin. */
  readonly #numbers = new Map<number, { links: Set<number>; fin: boolean }>()
  #windowMessages: number = defaults.windowMessages
  #peerMaxBytes: number = limits.bytesMax

  constructor(side: Side) {
    this.#side = side
  }

  /** The server has a client's `hello`. */
  greeted(hello: HelloEnvelope): void {
    this.#windowMessages = Math.max(this.#windowMessages, hello.window.messages)
  }

  sending(message: OutgoingMessage<number>): void {
    this.#fates.set(message, 'open')
  }

  /** The name of the code with which this side has closed a link; `undefined` if it has not. */
  closedAs(link: number): string | undefined {
    return this.#closedAs.get(link)
  }

  handling(seq: number): void {
    if (this.pending.delete(seq)) this.#handled.add(seq)
  }

  /** Nothing of what was polled for this link has left. */
  neverLeft(link: number): void {
    for (const links of this.#leftOn.values()) links.delete(link)
    for (const [seq, { links }] of this.#numbers) {
      links.delete(link)
      // The number is given out anew.
      if (links.size === 0) this.#numbers.delete(seq)
    }
    this.highestSent = Math.max(0, ...this.#numbers.keys())
  }

  /** What the peer says: only what it has acknowledged can be handled. */
  hears(frame: Frame, bytes: number): void {
    let envelopes: Envelope[]
    try {
      envelopes = decodeFrame(frame, bytes, { frameBytesMax: Number.POSITIVE_INFINITY }).envelopes
    } catch {
      return
    }
    for (const envelope of envelopes) {
      if (envelope.t === 'welcome')
        this.#windowMessages = Math.max(this.#windowMessages, envelope.window.messages)
      if (envelope.t !== 'ack') continue
      this.#acked.push([1, envelope.n], ...(envelope.also ?? []))
    }
  }

  output(output: SessionOutput<number>): void {
    // What the application still sends fails at once.
    const late = output.type === 'link-close' || output.type === 'failed'
    demand(!this.released || late, 'P3', `${output.type} came after the session was let go`)
    switch (output.type) {
      case 'message': {
        const { seq } = output.envelope
        demand(!this.#ended, 'P3', `message ${seq} was given out after the end`)
        demand(!this.peerFin, 'P2', `message ${seq} was given out behind fin`)
        demand(seq === this.received + 1, 'P2', `message ${seq} was given out behind ${this.received}`)
        this.received = seq
        this.pending.add(seq)
        return
      }
      case 'peer-fin':
        demand(!this.peerFin, 'P2', 'fin was told twice')
        this.peerFin = true
        this.received++
        this.#handled.add(this.received)
        return
      case 'handled':
        for (const message of output.messages) {
          demand(this.#fates.get(message) === 'open', 'P3', `${message.id} was settled twice`)
          const said = this.#acked.some(([from, to]) => message.seq >= from && message.seq <= to)
          demand(said, 'P1', `${message.id} counts as handled, and nobody has said so`)
          this.#fates.set(message, 'handled')
        }
        return
      case 'failed':
        for (const { message, fate } of output.messages) {
          demand(this.#fates.get(message) === 'open', 'P3', `${message.id} was settled twice`)
          const left = (this.#leftOn.get(message.id)?.size ?? 0) > 0
          demand(fate !== 'not-sent' || !left, 'P3', `${message.id} is not-sent, and it had left`)
          demand(fate === 'not-sent' || left, 'P3', `${message.id} is ${fate}, and it never left`)
          this.#fates.set(message, fate)
        }
        return
      case 'fault':
        demand(accusation(closeCodes[output.code]) !== undefined, 'R-99', `${output.code} is no fault`)
        if (output.by === 'peer') this.#checkWords(output.message)
        return
      case 'link-close': {
        const name = nameOf(output.code)
        demand(name !== undefined, 'R-21', `a link was closed with ${output.code}`)
        this.#closedAs.set(output.link, name)
        return this.#checkWords(output.reason)
      }
      case 'ended':
        return this.#onEnded(output.report)
      case 'released':
        demand(this.#ended, 'P3', 'a session was let go before it was over')
        this.released = true
        return
    }
  }

  /** A frame that this side sends. */
  polled(frame: Frame, link: number): void {
    const bytes = frameBytes(frame)
    const { envelopes } = decodeFrame(frame, bytes, { frameBytesMax: this.#peerMaxBytes })
    const messages = envelopes.filter(({ t }) => t === 'msg').length
    demand(messages < 2 || bytes <= limits.batchBytesMax, 'R-16', `a batch of ${bytes} bytes`)
    for (const envelope of envelopes) {
      if (!this.#lastOn.has(link)) {
        const first = this.#side === 'client' ? ['hello'] : ['welcome', 'reset']
        demand(first.includes(envelope.t), 'R-28', `${envelope.t} was the first on a link`)
        this.#lastOn.set(link, 0)
      }
      if (envelope.t === 'msg' || envelope.t === 'fin') this.#onSequenced(envelope, link)
      if (envelope.t === 'ack') {
        for (let seq = 1; seq <= envelope.n; seq++) this.#checkAcked(seq)
        for (const [from, to] of envelope.also ?? [])
          for (let seq = from; seq <= to; seq++) this.#checkAcked(seq)
      }
    }
  }

  bounds(retainedBytes: number, inFlight: number): void {
    let bytes = 0
    for (const [message, fate] of this.#fates) if (fate === 'open') bytes += message.bytes
    demand(retainedBytes === bytes, 'P7', `${retainedBytes} bytes are retained of ${bytes} that wait`)
    demand(inFlight <= Math.max(1, this.#windowMessages), 'P7', `${inFlight} messages are in flight`)
    demand(this.pending.size <= defaults.windowMessages, 'P7', `${this.pending.size} messages are kept`)
  }

  /** Everything is over. */
  over(retainedBytes: number): void {
    for (const [message, fate] of this.#fates) demand(fate !== 'open', 'P3', `${message.id} has no fate`)
    demand(retainedBytes === 0, 'P7', `${retainedBytes} bytes are retained of a session that is over`)
  }

  #onSequenced(envelope: Extract<Envelope, { t: 'msg' | 'fin' }>, link: number): void {
    const { seq } = envelope
    const last = this.#lastOn.get(link) ?? 0
    demand(seq > last, 'R-68', `${seq} was sent behind ${last}`)
    demand(seq <= this.highestSent + 1, 'R-34', `${seq} was sent before ${this.highestSent + 1}`)
    const fin = [...this.#numbers].find(([, number]) => number.fin)?.[0] ?? seq
    demand(seq <= fin, 'R-37', `${seq} was sent behind fin`)
    this.#lastOn.set(link, seq)
    this.highestSent = Math.max(this.highestSent, seq)
    const number = this.#numbers.get(seq) ?? { links: new Set(), fin: envelope.t === 'fin' }
    number.links.add(link)
    this.#numbers.set(seq, number)
    if (envelope.t === 'fin') return
    if (!this.sentIds.includes(envelope.id)) this.sentIds.push(envelope.id)
    const left = this.#leftOn.get(envelope.id) ?? new Set()
    this.#leftOn.set(envelope.id, left.add(link))
  }

  #checkAcked(seq: number): void {
    demand(this.#handled.has(seq), 'P1', `${seq} was acknowledged, and is not handled`)
  }

  #checkWords(words: string): void {
    demand(words.length <= limits.reasonCharsMax, 'R-116', `a reason of ${words.length} characters`)
    demand(!words.includes('the-key-of'), 'R-116', `a reason that names the key: ${words}`)
  }

  #onEnded(report: Extract<SessionOutput<number>, { type: 'ended' }>['report']): void {
    demand(!this.#ended, 'P3', 'it ended twice')
    this.#ended = true
    const fates = [...this.#fates.values()]
    demand(!fates.includes('open'), 'P3', 'a message has no fate at the end')
    const told = fates.filter((fate) => fate === 'handled').length
    demand(report.handledTotal === told, 'P6', `${report.handledTotal} are reported as handled of ${told}`)
    // What exceeded the window was received, and not given out.
    const more = report.incoming.unhandled.length - this.pending.size
    const exceeded = more === 1 && report.code === 'window-exceeded'
    demand(more === 0 || exceeded, 'P6', `${more} more are reported than were given out`)
    // A client that has never said anything is done by itself.
    const unheardOf = this.#side === 'client' && this.#lastOn.size === 0
    if (!report.clean || unheardOf) return
    demand(this.peerFin && this.pending.size === 0, 'P6', 'clean, and the peer’s messages are not handled')
    demand(
      [...this.#fates].every(([, fate]) => fate === 'handled' || fate === 'not-sent'),
      'P6',
      'clean, and a message is not handled',
    )
  }
}
