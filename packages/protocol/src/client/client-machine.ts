import type { ResetCode } from '../codes.ts'
import type { Envelope, Frame, Json, Window } from '../envelope.ts'
import type { Fate } from '../errors.ts'
import type { CloseReport } from '../report.ts'
import type { LinkId } from '../session-io.ts'
import {
  batchBytesMax,
  faultsInARowMax,
  frameOverheadBytes,
  keepaliveMs,
  reasonCharsMax,
  ttlMs,
} from './bounds.ts'
import type { ClientEvents } from './client-events.ts'
import { type Charge, clientInbox } from './client-inbox.ts'
import type { ClientLink } from './client-link.ts'
import type { ClientMessage } from './client-message.ts'
import { clientOutbox } from './client-outbox.ts'
import {
  closeCodeName,
  envelopeUnexpected,
  frameMalformed,
  frameTooLarge,
  helloTimeout,
  keepaliveTimeout,
  normal,
  reset,
  superseded,
} from './close-codes.ts'
import { fillFrame, utf8 } from './fill-frame.ts'
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

export type ClientMachine<Tag = unknown> = ReturnType<typeof clientMachine<Tag>>

/**
 * The client's half of a session as a state machine without I/O: what `SessionMachine` is, for one role and one link at
 * a time, without journal, counters and trace. Every page that uses it has to load it, so that it is written for
 * few bytes: closures, whose names a minifier shortens, instead of classes, whose members it cannot. It speaks the same
 * protocol word for word: the vectors and the simulation hold both to it.
 *
 * After each call: `carryOut()`, hand polled frames to the link while it is writable, and come back with
 * `timeout` at `nextTimeout()`. `now` is in ms and never decreases.
 */
export function clientMachine<Tag = unknown>(
  { sid, key, window, maxBytes, welcomeTimeoutMs, agent }: ClientConfig,
  on: ClientEvents<Tag>,
) {
  const outbox = clientOutbox<Tag>()
  const inbox = clientInbox(window, maxBytes)
  const outputs: Array<() => void> = []
  /** The link of the session, attached or on its way to it. */
  let current: ClientLink | undefined
  /** The number of the latest link. */
  let links = 0
  /** Envelopes that are not sequenced, and wait for the current link. */
  let control: string[] = []
  /** The answer to the latest `ping`: a server that asks without ever reading must not fill our memory. */
  let pong = ''
  let pings = 0
  let faultsInARow = 0
  let finAsked = false
  /** Ids acknowledged since this side began to close; `undefined` before. */
  let handledWhileClosing: string[] | undefined
  let report: CloseReport | undefined
  /** The link on which the last word was said: how it ends tells whether the server has heard it. */
  let finalLink: LinkId | undefined
  let welcomed = false
  let released = false
  let ttl = ttlMs
  let keepalive = keepaliveMs

  // When to give a link up whose `welcome` does not come; to ask whether the server is there; to give a link up on which
  // that was not answered; to end a session whose closing takes too long; to stop trying to say the last word.
  let welcomeAt = never
  let pingAt = never
  let deadAt = never
  let closingAt = never
  let releaseAt = never

  const emit = <A extends unknown[]>(event: (...values: A) => void, ...values: A): void => {
    outputs.push(() => event(...values))
  }

  /** These messages will never be handled. */
  const fail = (messages: ClientMessage<Tag>[], why: string, tooLarge = false): void => {
    for (const message of messages) emit(on.failed, message, outbox.fateOf(message), why, tooLarge)
  }

  const failTooLarge = (messages: ClientMessage<Tag>[]): void =>
    fail(messages, 'it is larger than the peer takes', true)

  /** The session goes on without its link for now, and says so if there is a code. */
  const detach = (code?: number, reason = ''): void => {
    const link = current
    current = undefined
    control = []
    pong = ''
    welcomeAt = pingAt = deadAt = never
    if (code && link?.attached && !report) emit(on.detached, link.id, code, reason)
  }

  /** The driver ends the link; whatever it still reports is not heard. */
  const close = (code: number, reason: string, last?: Frame): void => {
    if (!current) return
    emit(on.closeLink, current.id, code, reason, last)
    detach(code, reason)
  }

  /** Nothing of the session is needed any more. */
  const release = (): void => {
    if (released) return
    released = true
    close(superseded, '')
    releaseAt = never
    emit(on.released)
  }

  /** The session is over: says so on its link, and closes it behind that. */
  const sayLastWord = ({ clean, code, reason }: CloseReport): void => {
    if (!current?.attached && clean) return
    finalLink = current?.id
    if (clean) close(normal, '', poll())
    else
      close(4410, code, `[${JSON.stringify({ t: 'reset', code, reason: clip(reason), got: inbox.got() })}]`)
  }

  const tellEnd = (code: CloseReport['code'], reason: string, by: CloseReport['by']): void => {
    const rest = outbox.drain()
    const idsOf = (fate: Fate) => rest.filter((one) => outbox.fateOf(one) === fate).map(({ id }) => id)
    closingAt = never
    report = {
      clean: by === 'both',
      code,
      reason,
      by,
      handledTotal: outbox.handledTotal(),
      handled: handledWhileClosing ?? [],
      received: idsOf('received'),
      unknown: idsOf('unknown'),
      notSent: idsOf('not-sent'),
      incoming: { handledTotal: inbox.handledTotal(), unhandled: inbox.pendingIds() },
    }
    fail(rest, reason ? `${reason} (${code})` : code)
    emit(on.ended, report)
    if (by === 'peer') close(normal, '')
    else sayLastWord(report)
  }

  /** The session ends, and not as agreed. */
  const end = (code: ResetCode, reason: string, by: 'local' | 'peer'): void => {
    if (!report) tellEnd(code, reason, by)
    else if (by === 'local') return
    else close(normal, '')
    release()
  }

  const finish = (now: number): void => {
    releaseAt = now + ttl
    // The acknowledgement of a `fin` that went out behind ours of the server's proves that the server has both.
    const serverKnows = current?.finAfterAll
    tellEnd('finished', '', 'both')
    if (serverKnows) release()
  }

  /** After each step: is everything that both sides sent handled? */
  const settle = (now: number): void => {
    if (!report && finAsked && outbox.empty() && inbox.finished()) finish(now)
  }

  const onFault = (by: 'local' | 'peer', closeCode: number, why: string): void => {
    if (report) return
    emit(on.fault, by, closeCodeName(closeCode), why)
    if (++faultsInARow >= faultsInARowMax) end('protocol-fault', why, 'local')
  }

  const heard = (now: number): void => {
    pingAt = now + keepalive
    deadAt = never
  }

  const ping = (now: number): void => {
    pingAt = never
    deadAt = now + keepalive
    control.push(`{"t":"ping","k":${++pings}}`)
  }

  const poll = (strictBytes?: number): Frame | undefined => {
    if (pong) control.push(pong)
    pong = ''
    return current && fillFrame(current, control, inbox, outbox, strictBytes)
  }

  const startLink = (id: LinkId, auth: Json | undefined, gone?: boolean): boolean => {
    if (released) return false
    close(superseded, 'another link took over')
    current = { id, number: ++links, attached: false, streaming: !welcomed }
    inbox.startLink()
    outbox.startLink()
    // What is undefined is left out.
    const hello = {
      t: 'hello',
      v: 1,
      sid,
      key,
      link: links,
      fresh: !welcomed,
      got: inbox.got(),
      window,
      maxBytes,
    }
    control = [JSON.stringify({ ...hello, auth, agent, gone })]
    return true
  }

  const onEnvelope = (
    envelope: Envelope,
    payload: Uint8Array | undefined,
    charge: Charge,
    link: ClientLink,
    now: number,
  ): void => {
    const { t } = envelope
    if (t === 'hello' || (t !== 'reset' && (t === 'welcome') === link.attached)) throw envelopeUnexpected
    switch (t) {
      case 'msg':
      case 'fin': {
        const isNew = inbox.receive(envelope, charge)
        if (isNew === undefined) end('window-exceeded', '', 'local')
        if (!isNew || report) return
        if (t === 'fin') emit(on.peerFin, envelope)
        else emit(on.message, envelope, payload)
        return
      }
      case 'ack': {
        for (const message of outbox.acknowledge(envelope)) {
          faultsInARow = 0
          handledWhileClosing?.push(message.id)
          emit(on.handled, message)
        }
        return
      }
      case 'welcome':
        if (envelope.sid !== sid) throw envelopeUnexpected
        failTooLarge(outbox.welcome(envelope.got, envelope.window, envelope.maxBytes))
        link.attached = link.streaming = welcomed = true
        ttl = envelope.ttl
        keepalive = envelope.keepalive
        welcomeAt = never
        heard(now)
        if (report) sayLastWord(report)
        else emit(on.attached, link.id, envelope.resumed)
        return
      case 'cancel':
        return emit(on.cancel, envelope)
      case 'note':
        return emit(on.note, envelope, payload)
      case 'ping':
        pong = `{"t":"pong","k":${envelope.k}}`
        return
      case 'away':
        return emit(on.away, envelope)
      case 'reset': {
        const { code, reason = '', got } = envelope
        outbox.peerSaysItHas(got ?? 0)
        end(code as ResetCode, reason, 'peer')
      }
    }
  }

  return {
    ended: () => report !== undefined,
    attached: () => current?.attached === true,
    /** True once a `welcome` has come. */
    welcomed: () => welcomed,
    /** True if a link should be opened: the session goes on, or its last acknowledgement must be said again. */
    wantsLink: () => !released && !current && finalLink === undefined,
    /** Bytes of messages retained: queued and in flight. */
    retainedBytes: outbox.bytes,
    /** How far a message of this side is known to have come, while it is not handled. */
    fateOf: outbox.fateOf,
    /** When to come back with `timeout`; `Infinity` for never. It may change with every call. */
    nextTimeout: () => Math.min(welcomeAt, pingAt, deadAt, closingAt, releaseAt),

    /** Calls the events that have come out since the last time, in order. */
    carryOut(): void {
      for (const output of outputs.splice(0)) output()
    },

    /** The next frame for this link, or nothing. `strictBytes`: never longer than this, if only `hello` permits it. */
    pollFrame: (id: LinkId, strictBytes?: number) => (id === current?.id ? poll(strictBytes) : undefined),

    /** A link is being opened, in place of the one that there is; its first frame may be polled. False if none is wanted. */
    startLink,

    /** The link's handshake is done. */
    linkOpen(id: LinkId, now: number): void {
      if (current?.id === id && !current.attached) welcomeAt = now + welcomeTimeoutMs
    },

    /** A frame came. `bytes` is its length on the wire, or a lower bound of it. */
    frame(id: LinkId, frame: Frame, bytes: number, now: number): void {
      const link = current
      if (link?.id !== id) return
      try {
        if (Math.max(bytes, frame.length) > maxBytes + frameOverheadBytes) throw frameTooLarge
        const { envelopes, payload } = readFrame(frame)
        if (link.attached) heard(now)
        const charge = { bytes: Math.max(0, bytes - frameOverheadBytes) }
        let messages = 0
        for (const envelope of envelopes) {
          if (envelope.t === 'msg' && ++messages > 1 && bytes > batchBytesMax) throw frameTooLarge
          onEnvelope(envelope, payload, charge, link, now)
          if (current !== link) return
        }
        settle(now)
      } catch (error) {
        // What only shows itself when it is used is no better than what does not fit its shape.
        const code = typeof error === 'number' ? error : frameMalformed
        const name = closeCodeName(code)
        close(code, name)
        onFault('peer', code, name)
      }
    },

    /** A link is over, and everything that arrived on it was given in before. */
    linkEnd(id: LinkId, code: number, reason: string, clean: boolean): void {
      if (id === finalLink) {
        finalLink = undefined
        // Any other code is the server's own reason to drop the link, and then it did not read to the end.
        if (clean && (code === normal || code === reset)) release()
      }
      if (current?.id !== id) return
      if (code === superseded) {
        detach()
        return end('superseded', 'another holder of the key has the session', 'peer')
      }
      detach(code, reason)
      const accused = code === 1009 ? frameTooLarge : code
      if (accusing.test(`${accused}`)) onFault('local', accused, reason)
    },

    /**
     * What goes on a one-shot link when the page goes away: `hello`, the acknowledgement, and everything that the server
     * has not acknowledged, the oldest first, in at most `bytesMax` bytes. Empty if there is nothing to say. `gone`: the
     * page will not come back. The session has left its link with that, and wants another one if the page is restored.
     */
    lastWords(bytesMax: number, auth: Json | undefined, gone: boolean): Frame[] {
      const frames: Frame[] = []
      const forGood = gone && finAsked
      if (report ? !released : forGood || !outbox.empty() || inbox.ackDue()) {
        startLink(Number.NaN, auth, forGood || undefined)
        if (current) current.streaming = true
        outbox.startLink(true)
        for (let frame = poll(bytesMax); frame; frame = poll(bytesMax)) {
          frames.push(frame)
          bytesMax -= typeof frame === 'string' ? utf8(frame).length : frame.length
        }
      }
      detach(superseded, '')
      return frames
    },

    // The application

    send(message: ClientMessage<Tag>): void {
      if (report || finAsked) fail([message], 'the session takes no more messages')
      else if (!outbox.push(message)) failTooLarge([message])
    },

    /** Takes a message back; nothing happens if it has been transmitted. */
    drop(message: ClientMessage<Tag>): void {
      if (outbox.drop(message)) fail([message], 'taken back')
    },

    /** A note: its envelope's text. False if there is no link, or no room: it is dropped then. */
    note(text: string): boolean {
      const fits = current?.attached === true && `${control}${text}`.length < noteCharsMax
      if (fits) control.push(text)
      return fits
    },

    /** The application no longer wants the reply to the request with this id. */
    cancel(re: string): void {
      if (current?.attached) control.push(JSON.stringify({ t: 'cancel', re }))
    },

    /** The application has finished with the message that has this sequence number. */
    handled(seq: number, now: number): void {
      if (inbox.handled(seq)) faultsInARow = 0
      settle(now)
    },

    /** The application has begun to close. */
    close(timeoutMs: number, now: number): void {
      if (handledWhileClosing || report) return
      handledWhileClosing = []
      closingAt = now + timeoutMs
    },

    /** Nothing more will be sent: `fin` goes behind what is queued. */
    fin(code: number | undefined, reason: string | undefined, now: number): void {
      if (report || finAsked) return
      finAsked = true
      if (links || !outbox.empty()) {
        // What stands behind `{"seq":0`.
        const rest = JSON.stringify({ seq: 0, code, reason: reason && clip(reason) }).slice(8)
        outbox.push({ id: '', rest, bytes: 0, tag: undefined as Tag, seq: 0, fin: true })
      } else {
        // A client that nobody has ever heard of is done by itself.
        finish(now)
        release()
      }
    },

    /** The session is given up. */
    abort: (code: ResetCode, reason: string) => end(code, reason, 'local'),

    /** Asks at once whether the server is there, unless it has been asked: the network was away. */
    probe(now: number): void {
      if (current?.attached && deadAt === never) ping(now)
    },

    /** Time has passed. */
    timeout(now: number): void {
      if (now >= releaseAt) return release()
      if (now >= closingAt) return end('close-timeout', '', 'local')
      if (now >= welcomeAt) return close(helloTimeout, 'no welcome came')
      if (now < deadAt) {
        if (now < pingAt || !current) return
        current.doubted = false
      } else {
        // Whoever comes this late was frozen, or slept: so may the answer have been. The server is asked once more.
        if (!current || now < deadAt + lateMs || current.doubted)
          return close(keepaliveTimeout, 'a ping was not answered')
        current.doubted = true
      }
      ping(now)
    },
  }
}

/** The close codes by which a server accuses this side of a fault. */
export const accusing = /^44(0[0-35-7]|1[34])$/

const never = Number.POSITIVE_INFINITY

/** How late a timer has to be for the machine to have been frozen. */
const lateMs = 1_000

/** How many characters of notes and the like may wait for the link. */
const noteCharsMax = 20_000

/** A reason as it may go over the wire. */
function clip(reason: string): string {
  return reason.slice(0, reasonCharsMax)
}
