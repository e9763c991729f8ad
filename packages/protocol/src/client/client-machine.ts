import { closeCodes, type ResetCode } from '../codes.ts'
import type { Envelope, Frame, Json, MsgEnvelope, Window } from '../envelope.ts'
import type { Fate } from '../errors.ts'
import type { CloseReport } from '../report.ts'
import type { LinkId } from '../session-io.ts'
import { batchBytesMax, faultsInARowMax, keepaliveMs, reasonCharsMax, ttlMs } from './bounds.ts'
import { type Charge, ClientInbox, chargeOf, WindowExceeded } from './client-inbox.ts'
import type { ClientMessage } from './client-message.ts'
import { ClientOutbox } from './client-outbox.ts'
import type { ClientOutput } from './client-output.ts'
import { ClientWriter } from './client-writer.ts'
import { accusation, asResetCode, isRefusal } from './codes.ts'
import { Fault } from './fault.ts'
import { utf8Length } from '../utf8.ts'
import { readFrame } from './read-frame.ts'

/** What a client's machine is made with. */
export interface ClientConfig {
  sid: string
  key: string
  /** What this side advertises. */
  window: Window
  /** The largest message that this side takes, in bytes. */
  maxBytes: number
  /** How long an open link may take to say `welcome`, in ms. */
  welcomeTimeoutMs: number
  /** Which program this is, for the server's logs. */
  agent?: string | undefined
}

/** One link, as the machine sees it. */
export interface ClientLink {
  readonly id: LinkId
  readonly number: number
  /** The `hello` of a link that waits beside the attached one, until it is polled. */
  hello: string | undefined
  /** True once `welcome` has come on it. */
  attached: boolean
  /** True if messages may be transmitted: on a fresh session at once, else after `welcome`. */
  streaming: boolean
  /** True if `fin` was transmitted behind the acknowledgement of everything that the server will ever send. */
  finAfterAll: boolean
  /** True if `hello` did not go with the upgrade request. */
  late: boolean
  /** True if a ping was not answered in time, and was said again because this side may have been frozen. */
  doubted?: boolean
}

/**
 * The client's half of a session as a state machine without I/O: what `SessionMachine` is, for one role, without a
 * journal, counters or a trace, and a fourth of its size, since every page that uses it has to load it. It speaks the
 * same protocol word for word: the vectors and the simulation hold both to it.
 *
 * After each call: carry out `takeOutputs()`, hand polled frames to the links while they are writable, and come back
 * with `timeout` at `nextTimeout()`. `now` is in ms and never decreases.
 */
export class ClientMachine<Tag = unknown> {
  ended = false
  /** True once a `welcome` has come. */
  welcomed = false
  readonly #config: ClientConfig
  readonly #outbox = new ClientOutbox<Tag>()
  readonly #inbox: ClientInbox
  readonly #writer: ClientWriter<Tag>
  #outputs: ClientOutput<Tag>[] = []
  /** The link of the session, attached or on its way to it. */
  #current: ClientLink | undefined
  /** A link that waits for its `welcome` while the current one is attached still. */
  #next: ClientLink | undefined
  /** The number of the latest link. */
  #links = 0
  #ttlMs = ttlMs
  #keepaliveMs = keepaliveMs
  #faultsInARow = 0
  #pings = 0
  #closing = false
  #handledWhileClosing: string[] = []
  #report: CloseReport | undefined
  /** The link on which the last word was said: how it ends tells whether the server has heard it. */
  #finalLink: LinkId | undefined
  #released = false

  /** When to give a link up whose `welcome` does not come. */
  #welcomeAt = never
  /** When to ask whether the server is still there. */
  #pingAt = never
  /** When to give a link up on which a ping was not answered. */
  #deadAt = never
  /** When to end a session whose closing takes too long. */
  #closingAt = never
  /** When to stop trying to say the last word. */
  #releaseAt = never

  constructor(config: ClientConfig) {
    this.#config = config
    this.#inbox = new ClientInbox(config.window, config.maxBytes)
    this.#writer = new ClientWriter(this.#outbox, this.#inbox)
  }

  get attached(): boolean {
    return this.#current?.attached === true
  }

  /** True if a link should be opened: the session goes on, or its last acknowledgement must be said again. */
  get wantsLink(): boolean {
    return !this.#released && this.#current === undefined && this.#finalLink === undefined
  }

  /** The highest sequence number received. */
  get got(): number {
    return this.#inbox.got
  }

  /** Bytes of messages retained: queued and in flight. */
  get retainedBytes(): number {
    return this.#outbox.bytes
  }

  /** How far a message of this side is known to have come, while it is not handled. */
  fateOf(message: ClientMessage<Tag>): Fate {
    return this.#outbox.fateOf(message)
  }

  /** When to come back with `timeout`; `Infinity` for never. It may change with every call. */
  nextTimeout(): number {
    return Math.min(this.#welcomeAt, this.#pingAt, this.#deadAt, this.#closingAt, this.#releaseAt)
  }

  /** What has come out since the last call, in order. */
  takeOutputs(): ClientOutput<Tag>[] {
    const outputs = this.#outputs
    this.#outputs = []
    return outputs
  }

  /** The next frame for this link, or nothing. `strictBytes`: never longer than this, if only `hello` permits it. */
  pollFrame(id: LinkId, strictBytes?: number): Frame | undefined {
    if (id === this.#current?.id) return this.#writer.fill(this.#current, strictBytes)
    if (id !== this.#next?.id || this.#next.hello === undefined) return undefined
    const { hello } = this.#next
    this.#next.hello = undefined
    return `[${hello}]`
  }

  // Links

  /** A link is being opened; its first frame may be polled. While the session is attached to another one, it stays there until `welcome` comes on this one. */
  startLink(id: LinkId, auth: Json | undefined, gone?: boolean): void {
    if (this.#released) return
    this.#supersede(this.#next)
    if (!this.attached) this.#supersede(this.#current)
    const { sid, key, window, maxBytes, agent } = this.#config
    const fresh = !this.welcomed
    const number = ++this.#links
    const { got } = this.#inbox
    // What is undefined is left out.
    const hello = { t: 'hello', v: 1, sid, key, link: number, fresh, got, window, maxBytes, auth, agent, gone }
    const link: ClientLink = {
      id,
      number,
      hello: JSON.stringify(hello),
      attached: false,
      streaming: fresh,
      finAfterAll: false,
      late: false,
    }
    if (this.#current === undefined) this.#take(link)
    else this.#next = link
  }

  /** The link's handshake is done. `early`: `hello` went with it. */
  linkOpen(id: LinkId, early: boolean, now: number): void {
    const link = this.#linkWith(id)
    if (link === undefined || link.attached) return
    link.late = !early
    this.#welcomeAt = now + this.#config.welcomeTimeoutMs
  }

  /** A frame came. `bytes` is its length on the wire, or a lower bound of it. */
  frame(id: LinkId, frame: Frame, bytes: number, now: number): void {
    const link = this.#linkWith(id)
    if (link === undefined) return
    try {
      const { envelopes, payload } = readFrame(frame, bytes, this.#config.maxBytes)
      if (link.attached) this.#heard(now)
      const charge = chargeOf(bytes)
      let messages = 0
      for (const envelope of envelopes) {
        if (envelope.t === 'msg' && ++messages > 1 && bytes > batchBytesMax) {
          throw new Fault('frameTooLarge', 'several messages in a long frame')
        }
        this.#onEnvelope(envelope, payload, charge, link, now)
        if (this.#linkWith(id) === undefined) return
      }
    } catch (error) {
      const { message } = error as Error
      if (error instanceof WindowExceeded) return this.#end('window-exceeded', message, 'local')
      if (!(error instanceof Fault)) throw error
      const code = closeCodes[error.code]
      this.#close(link, code, message)
      this.#lost(link, code, message)
      return this.#fault('peer', error.code, message)
    }
    this.#settle(now)
  }

  /**
   * A link is over, and everything that arrived on it was given in before. `neverLeft`: nothing of what was polled for
   * it left this side.
   */
  linkEnd(id: LinkId, code: number, reason: string, clean: boolean, neverLeft: boolean, now: number): void {
    if (id === this.#finalLink) {
      this.#finalLink = undefined
      // Any other code is the server's own reason to drop the link, and then it did not read to the end.
      if (clean && (code === closeCodes.normal || code === closeCodes.reset)) this.#release()
      return
    }
    const link = this.#linkWith(id)
    if (link === undefined) return
    if (link === this.#next) return this.#detach(link)
    if (neverLeft) this.#outbox.unleave()
    const superseded = code === closeCodes.superseded
    if (superseded && link.number === this.#links) {
      this.#detach(link)
      return this.#end('superseded', 'another holder of the key has the session', 'peer')
    }
    this.#lost(link, code, reason)
    const accused = accusation(code)
    if (accused !== undefined) this.#fault('local', accused, reason)
  }

  /**
   * What goes on a one-shot link when the page goes away: `hello`, the acknowledgement, and everything that the server
   * is not known to have, the oldest first, in at most `bytesMax` bytes. Empty if there is nothing to say. `gone`: the
   * page will not come back. The session has left its links with that, and wants another one if the page is restored.
   */
  lastWords(bytesMax: number, auth: Json | undefined, gone: boolean): Frame[] {
    const frames: Frame[] = []
    const unsaid = this.ended ? !this.#released : !this.#outbox.empty || this.#inbox.ackDue
    const { attached } = this
    if (this.#current !== undefined) this.#lost(this.#current, closeCodes.superseded, '')
    if (!unsaid) return frames
    const id = Number.NaN
    this.startLink(id, auth, gone && this.#outbox.fin !== undefined ? gone : undefined)
    const link = this.#current as ClientLink | undefined
    if (link === undefined) return frames
    link.streaming = true
    for (;;) {
      const frame = this.#writer.fill(link, bytesMax)
      if (frame === undefined) break
      frames.push(frame)
      bytesMax -= typeof frame === 'string' ? utf8Length(frame) : frame.length
    }
    this.#detach(link)
    return frames
  }

  // The application

  send(message: ClientMessage<Tag>): void {
    const { fin, maxBytes } = this.#outbox
    if (this.ended || fin !== undefined) return this.#fail([message], 'the session takes no more messages')
    if (message.bytes > maxBytes) return this.#failTooLarge([message])
    this.#outbox.push(message)
  }

  /** Takes a message back; nothing happens if it has been transmitted. */
  drop(message: ClientMessage<Tag>): void {
    if (this.#outbox.drop(message)) this.#fail([message], 'taken back')
  }

  /** A note: its envelope's text, and its payload if that is binary. Dropped if there is no link, or no room. */
  note(text: string, payload?: Uint8Array): void {
    if (this.attached) this.#writer.addNote(text, payload)
  }

  /** The application no longer wants the reply to the request with this id. */
  cancel(re: string): void {
    if (this.attached) this.#writer.control.push(JSON.stringify({ t: 'cancel', re }))
  }

  /** The application has finished with the message that has this sequence number. */
  handled(seq: number, now: number): void {
    if (this.#inbox.handled(seq)) this.#faultsInARow = 0
    this.#settle(now)
  }

  /** The application has begun to close. */
  close(timeoutMs: number, now: number): void {
    if (this.#closing || this.ended) return
    this.#closing = true
    this.#closingAt = now + timeoutMs
  }

  /** Nothing more will be sent: `fin` goes behind what is queued. */
  fin(code: number | undefined, reason: string | undefined, now: number): void {
    const outbox = this.#outbox
    if (this.ended || outbox.fin !== undefined) return
    const unheardOf = this.#links === 0 && outbox.empty
    const text = JSON.stringify({ code, reason: reason === undefined ? reason : clip(reason) })
    const rest = text === '{}' ? '}' : `,${text.slice(1)}`
    outbox.fin = { id: '', rest, bytes: 0, tag: undefined as Tag, seq: 0, fin: true }
    // A client that nobody has ever heard of is done by itself.
    if (unheardOf) {
      this.#finish(now)
      this.#release()
    } else outbox.push(outbox.fin)
  }

  /** The session is given up. */
  abort(code: ResetCode, reason: string, now: number): void {
    this.#end(code, reason, 'local')
  }

  /** Time has passed. */
  timeout(now: number): void {
    const link = this.#current
    if (now >= this.#releaseAt) return this.#release()
    if (now >= this.#closingAt) return this.#end('close-timeout', 'closing took too long', 'local')
    if (link === undefined) return
    if (now >= this.#welcomeAt) this.#giveUp(this.#next ?? link, closeCodes.helloTimeout, 'no welcome came')
    else if (now >= this.#deadAt) {
      // Whoever comes this late was frozen, or slept: so may the answer have been. The server is asked once more.
      if (now < this.#deadAt + lateMs || link.doubted) {
        return this.#giveUp(link, closeCodes.keepaliveTimeout, 'a ping was not answered')
      }
      link.doubted = true
      this.#ping(now)
    } else if (now >= this.#pingAt) {
      link.doubted = false
      this.#ping(now)
    }
  }

  /** Asks whether the server is there. */
  #ping(now: number): void {
    this.#pingAt = never
    this.#deadAt = now + this.#keepaliveMs
    this.#writer.control.push(`{"t":"ping","k":${++this.#pings}}`)
  }

  #heard(now: number): void {
    this.#pingAt = now + this.#keepaliveMs
    this.#deadAt = never
  }

  // The server's envelopes

  #onEnvelope(
    envelope: Envelope,
    payload: Uint8Array | undefined,
    charge: Charge,
    link: ClientLink,
    now: number,
  ): void {
    const { t } = envelope
    const unexpected = t === 'hello' || (t === 'welcome' && envelope.sid !== this.#config.sid)
    if (unexpected || (t !== 'reset' && (t === 'welcome') === link.attached)) {
      throw new Fault('envelopeUnexpected', `unexpected ${t}`)
    }
    const outbox = this.#outbox
    switch (t) {
      case 'msg':
        if (this.#inbox.receive(envelope, charge) && !this.ended) this.#onMessage(envelope, payload)
        return
      case 'ack': {
        const messages = outbox.acknowledge(envelope)
        if (messages.length === 0) return
        this.#faultsInARow = 0
        if (this.#closing) for (const { id } of messages) this.#handledWhileClosing.push(id)
        this.#emit({ type: 'handled', messages })
        return
      }
      case 'fin': {
        const { code, reason } = envelope
        if (this.#inbox.receive(envelope, charge)) this.#emit({ type: 'peer-fin', code, reason })
        return
      }
      case 'welcome': {
        if (link === this.#next) this.#supersede(this.#current)
        outbox.peerReceived(envelope.got)
        link.attached = true
        link.streaming = true
        this.welcomed = true
        this.#ttlMs = envelope.ttl
        this.#keepaliveMs = envelope.keepalive
        outbox.window = envelope.window
        outbox.maxBytes = envelope.maxBytes
        this.#welcomeAt = never
        this.#heard(now)
        if (this.ended) return this.#sayLastWord(link)
        this.#failTooLarge(outbox.dropTooLarge())
        this.#emit({ type: 'attached', link: link.id, resumed: envelope.resumed })
        return
      }
      case 'cancel':
        this.#emit({ type: t, re: envelope.re })
        return
      case 'note':
        this.#emit({ type: t, envelope, payload })
        return
      case 'ping':
        // Only the last answer waits: a server that asks without ever reading must not fill our memory.
        this.#writer.pong = `{"t":"pong","k":${envelope.k}}`
        return
      case 'away': {
        const { after, reason, location } = envelope
        this.#emit({ type: t, after, reason, location })
        return
      }
      case 'reset': {
        const { code, reason = '', got } = envelope
        if (link === this.#next) {
          this.#close(link, closeCodes.normal, '')
          this.#emit({ type: 'move-refused', link: link.id, code: asResetCode(code), reason })
          return
        }
        // What went behind this `hello`, and on no link before, has had no effect.
        if (!link.attached && link.late && got === undefined && isRefusal(code)) outbox.unleave()
        outbox.peerSaysItHas(got ?? 0)
        return this.#end(asResetCode(code), reason, 'peer')
      }
    }
  }

  #onMessage(envelope: MsgEnvelope, payload: Uint8Array | undefined): void {
    this.#emit({ type: 'message', envelope, payload, redelivered: envelope.again === true })
  }

  #fault(by: 'local' | 'peer', code: Fault['code'], message: string): void {
    if (this.ended) return
    this.#emit({ type: 'fault', by, code, message })
    if (++this.#faultsInARow >= faultsInARowMax) this.#end('protocol-fault', message, 'local')
  }

  // The end

  /** After each step: is everything that both sides sent handled? */
  #settle(now: number): void {
    if (this.ended || !this.#outbox.finished || !this.#inbox.finished) return
    const link = this.#current
    this.#finish(now)
    // On a link that is still being opened it is said when `welcome` has come.
    if (link?.attached) this.#sayLastWord(link)
    // The acknowledgement of a `fin` that went out behind ours of the server's proves that the server has both.
    if (link?.finAfterAll) this.#release()
  }

  #finish(now: number): void {
    this.#releaseAt = now + this.#ttlMs
    this.#tellEnd('finished', '', 'both', [])
  }

  /** The session ends, and not as agreed. */
  #end(code: ResetCode, reason: string, by: 'local' | 'peer'): void {
    const link = this.#current
    if (this.ended) {
      if (by === 'local') return
      if (link !== undefined) this.#close(link, closeCodes.normal, '')
      return this.#release()
    }
    const rest = this.#outbox.drain()
    this.#fail(rest, reason === '' ? code : `${reason} (${code})`)
    this.#tellEnd(code, reason, by, rest)
    if (link !== undefined) {
      if (by === 'peer') this.#close(link, closeCodes.normal, '')
      else this.#sayLastWord(link)
    }
    this.#release()
  }

  #tellEnd(
    code: CloseReport['code'],
    reason: string,
    by: CloseReport['by'],
    rest: readonly ClientMessage<Tag>[],
  ): void {
    const { handledTotal } = this.#outbox
    const idsOf = (fate: Fate) => rest.filter((one) => this.fateOf(one) === fate).map(({ id }) => id)
    this.ended = true
    this.#closingAt = never
    this.#report = {
      clean: code === 'finished',
      code,
      reason,
      by,
      handledTotal,
      handled: this.#handledWhileClosing,
      received: idsOf('received'),
      unknown: idsOf('unknown'),
      notSent: idsOf('not-sent'),
      incoming: { handledTotal: this.#inbox.handledTotal, unhandled: this.#inbox.pendingIds() },
    }
    this.#emit({ type: 'ended', report: this.#report })
  }

  /** The session is over: says so on this link, and closes it behind that. */
  #sayLastWord(link: ClientLink): void {
    const { clean, code, reason } = this.#report as CloseReport
    const { got } = this.#inbox
    this.#finalLink = link.id
    if (clean) return this.#close(link, closeCodes.normal, '', this.#writer.fill(link))
    const reset = `[${JSON.stringify({ t: 'reset', code, reason: clip(reason), got })}]`
    // The server may have gone over to the next link already: what is said on this one it would not hear.
    for (const one of [link, this.#next]) if (one !== undefined) this.#close(one, closeCodes.reset, code, reset)
  }

  /** Nothing of the session is needed any more. */
  #release(): void {
    if (this.#released) return
    this.#released = true
    this.#supersede(this.#next)
    this.#supersede(this.#current)
    this.#releaseAt = never
    this.#emit({ type: 'released' })
  }

  // Helpers

  #linkWith(id: LinkId): ClientLink | undefined {
    return this.#current?.id === id ? this.#current : this.#next?.id === id ? this.#next : undefined
  }

  #take(link: ClientLink): void {
    this.#current = link
    this.#next = undefined
    this.#inbox.startLink()
    this.#outbox.startLink()
    this.#writer.startLink(link.hello)
  }

  #giveUp(link: ClientLink, code: number, reason: string): void {
    this.#close(link, code, reason)
    this.#lost(link, code, reason)
  }

  #supersede(link: ClientLink | undefined): void {
    if (link !== undefined) this.#close(link, closeCodes.superseded, 'another link took over')
  }

  /** The driver ends this link; whatever it still reports is not heard. */
  #close(link: ClientLink, code: number, reason: string, last?: Frame): void {
    this.#emit({ type: 'link-close', link: link.id, code, reason, last })
    this.#detach(link)
  }

  /** The link is over, and the session goes on without it for now. */
  #lost(link: ClientLink, code: number, reason: string): void {
    this.#detach(link)
    if (link.attached && !this.ended) this.#emit({ type: 'detached', link: link.id, code, reason })
  }

  /** The session goes on without this link: on the next one, if there is one. */
  #detach(link: ClientLink): void {
    if (this.#next === link) {
      this.#next = undefined
      this.#welcomeAt = never
    } else if (this.#current === link) {
      this.#current = undefined
      this.#pingAt = never
      this.#deadAt = never
      this.#writer.startLink()
      if (this.#next === undefined) this.#welcomeAt = never
      else this.#take(this.#next)
    }
  }

  #emit(output: ClientOutput<Tag>): void {
    this.#outputs.push(output)
  }

  /** These messages will never be handled. */
  #fail(messages: ClientMessage<Tag>[], why: string, tooLarge = false): void {
    if (messages.length === 0) return
    const failed = messages.map((message) => ({ message, fate: this.fateOf(message) }))
    this.#emit({ type: 'failed', messages: failed, why, tooLarge })
  }

  #failTooLarge(messages: ClientMessage<Tag>[]): void {
    this.#fail(messages, `it is larger than the ${this.#outbox.maxBytes} bytes that the peer takes`, true)
  }
}

const never = Number.POSITIVE_INFINITY

/** How late a timer has to be for the machine to have been frozen. */
const lateMs = 1_000

/** A reason as it may go over the wire. */
function clip(reason: string): string {
  return reason.slice(0, reasonCharsMax)
}
