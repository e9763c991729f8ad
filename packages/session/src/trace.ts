import type { DecodedFrame, Envelope, Frame, LinkId } from '@lastword/protocol'
import { decodeFrame, utf8Length } from '@lastword/protocol'
import type { LinkEnd } from '@lastword/transport'
import type { Platform } from './platform.ts'

/** One line of a trace: what went over a link, or what became of the link. Serialises to JSON as it is. */
export type TraceEvent =
  | { at: number; type: 'link-opened'; link: LinkId }
  | {
      at: number
      type: 'link-ended'
      link: LinkId
      code: number
      reason: string
      clean: boolean
      failure?: string
    }
  /** `envelope` comes without its key and, unless asked for, without what applications put into it (payload, `meta`, an error's message, fields of no meaning here); `bytes` is the length of its frame. */
  | { at: number; type: 'envelope'; dir: 'in' | 'out'; link: LinkId; envelope: TracedEnvelope; bytes: number }
  /** A frame that could not be decoded. */
  | { at: number; type: 'garbage'; dir: 'in' | 'out'; link: LinkId; bytes: number }

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
  readonly #platform: Platform

  constructor(options: TraceOptions, platform: Platform) {
    this.#options = options
    this.#platform = platform
  }

  linkOpened(link: LinkId): void {
    this.#tell({ at: this.#platform.now(), type: 'link-opened', link })
  }

  linkEnded(link: LinkId, end: LinkEnd): void {
    const { code, reason, clean, failure } = end
    this.#tell({
      at: this.#platform.now(),
      type: 'link-ended',
      link,
      code,
      reason,
      clean,
      ...(failure === undefined ? {} : { failure }),
    })
  }

  frame(dir: 'in' | 'out', link: LinkId, frame: Frame, bytes = byteLength(frame)): void {
    let decoded: DecodedFrame
    try {
      decoded = decodeFrame(frame, bytes, { frameBytesMax: Number.POSITIVE_INFINITY })
    } catch {
      this.#tell({ at: this.#platform.now(), type: 'garbage', dir, link, bytes })
      return
    }
    this.envelopes(dir, link, decoded.envelopes, bytes)
  }

  envelopes(dir: 'in' | 'out', link: LinkId, envelopes: Envelope[], bytes: number): void {
    for (const envelope of envelopes) {
      const traced = this.#options.payloads ? withoutSecrets(envelope) : bare(envelope)
      this.#tell({ at: this.#platform.now(), type: 'envelope', dir, link, envelope: traced, bytes })
    }
  }

  #tell(event: TraceEvent): void {
    try {
      this.#options.onEvent(event)
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
  const kept: Array<[string, unknown]> = []
  for (const [name, value] of Object.entries(envelope)) {
    if (name === 'err') kept.push(['err', { code: (value as { code: string }).code }])
    else if (protocolFields.has(name)) kept.push([name, value])
  }
  return Object.fromEntries(kept) as TracedEnvelope
}

const protocolFields: ReadonlySet<string> = new Set(
  't v sid link fresh got window maxBytes agent resumed ttl keepalive seq id ch re ask n also code reason after k'.split(
    ' ',
  ),
)

function byteLength(frame: Frame): number {
  return typeof frame === 'string' ? utf8Length(frame) : frame.byteLength
}
