import type { DecodedFrame, Envelope, Frame, LinkId } from '@lastword/protocol'
import { decodeFrame, utf8Length } from '@lastword/protocol'
import type { LinkEnd } from '@lastword/transport'
import type { Platform } from './platform.ts'

/** One line of a trace: what went over a link, or what became of the link. Serialises to JSON as it is. */
export type TraceEvent = TraceOrigin & (LinkOpened | LinkEnded | EnvelopeSeen | GarbageSeen)

/** When something was seen, and by whom. */
export interface TraceOrigin {
  /** In ms, on a clock of this side that never goes back; only differences mean something. */
  at: number
  /** The session's id. */
  sid: string
  /** Who saw it. */
  side: 'client' | 'server'
  /** Counted by this side from 1. The `link` of a `hello` is what both sides call it. */
  link: LinkId
}

interface LinkOpened {
  type: 'link-opened'
}

interface LinkEnded {
  type: 'link-ended'
  code: number
  reason: string
  clean: boolean
  failure?: string | undefined
}

interface EnvelopeSeen {
  type: 'envelope'
  dir: 'in' | 'out'
  /** Counted by this side from 1: envelopes of the same number were in one frame. */
  frame: number
  /** Without its key and, unless asked for, without what applications put into it (payload, `meta`, an error's message, fields of no meaning here). */
  envelope: TracedEnvelope
  /** The length of its frame. */
  bytes: number
}

/** A frame that could not be decoded. */
interface GarbageSeen {
  type: 'garbage'
  dir: 'in' | 'out'
  frame: number
  bytes: number
}

export type TracedEnvelope = { t: Envelope['t'] } & Record<string, unknown>

export interface TraceOptions {
  /** Called for each event, in order. What it throws is reported and changes nothing. */
  onEvent: (event: TraceEvent) => void
  /** Whether payloads, and whatever else applications put into envelopes, are part of the trace. @default false */
  payloads?: boolean
}

/** Turns what a driver sees into trace events. Secrets never get into one: `key` and `auth` are left out. */
export class Tracer {
  readonly #options: TraceOptions
  readonly #origin: Pick<TraceOrigin, 'sid' | 'side'>
  readonly #platform: Platform
  #frames = 0

  constructor(options: TraceOptions, origin: Pick<TraceOrigin, 'sid' | 'side'>, platform: Platform) {
    this.#options = options
    this.#origin = origin
    this.#platform = platform
  }

  linkOpened(link: LinkId): void {
    this.#tell(link, { type: 'link-opened' })
  }

  linkEnded(link: LinkId, { code, reason, clean, failure }: LinkEnd): void {
    this.#tell(link, { type: 'link-ended', code, reason, clean, failure })
  }

  frame(dir: 'in' | 'out', link: LinkId, frame: Frame, bytes = byteLength(frame)): void {
    let decoded: DecodedFrame
    try {
      decoded = decodeFrame(frame, bytes, { frameBytesMax: Number.POSITIVE_INFINITY })
    } catch {
      this.#tell(link, { type: 'garbage', dir, frame: ++this.#frames, bytes })
      return
    }
    this.envelopes(dir, link, decoded.envelopes, bytes)
  }

  envelopes(dir: 'in' | 'out', link: LinkId, envelopes: Envelope[], bytes: number): void {
    const frame = ++this.#frames
    for (const one of envelopes) {
      const envelope = this.#options.payloads ? withoutSecrets(one) : bare(one)
      this.#tell(link, { type: 'envelope', dir, frame, envelope, bytes })
    }
  }

  #tell(link: LinkId, seen: LinkOpened | LinkEnded | EnvelopeSeen | GarbageSeen): void {
    try {
      this.#options.onEvent({ at: this.#platform.now(), ...this.#origin, link, ...seen })
    } catch (error) {
      this.#platform.report(error)
    }
  }
}

function withoutSecrets(envelope: Envelope): TracedEnvelope {
  const { key: _key, auth: _auth, ...rest } = envelope as Envelope & { key?: string; auth?: unknown }
  return rest as TracedEnvelope
}

/** Only what the protocol itself has to say: all else is the applications', or what a peer made up. */
function bare(envelope: Envelope): TracedEnvelope {
  return JSON.parse(JSON.stringify(envelope, protocolFields))
}

/** `err` has its code here, and not its message; `messages` and `bytes` are a window's. */
const protocolFields =
  't v sid link fresh got window messages bytes maxBytes agent resumed ttl keepalive seq id ch re ask again err n also code reason after k'.split(
    ' ',
  )

function byteLength(frame: Frame): number {
  return typeof frame === 'string' ? utf8Length(frame) : frame.byteLength
}
