import type { AttachedLink } from './attached-link.ts'
import { encodeEnvelope } from './encode.ts'
import type { SessionParts } from './session-parts.ts'

/** Asks the peer whether it is there, and takes its answers: as proof of a link, and for the time of a round trip. */
export class Keepalive<Tag> {
  readonly #parts: SessionParts<Tag>
  #pingCount = 0
  /** When the latest ping was sent that is not answered. */
  #pingAt: number | undefined

  constructor(parts: SessionParts<Tag>) {
    this.#parts = parts
  }

  /** Asks for a `pong`; returns its number. */
  ping(now: number): number {
    this.#pingAt = now
    this.#parts.filler.addControl(encodeEnvelope({ t: 'ping', k: ++this.#pingCount }))
    return this.#pingCount
  }

  onPong(k: number, link: AttachedLink, now: number): void {
    if (k === this.#pingCount && this.#pingAt !== undefined) {
      this.#parts.counters.answered(now - this.#pingAt, false)
      this.#pingAt = undefined
    }
    if (link.proof === undefined || k < link.proof) return
    link.proof = undefined
    this.#parts.emit({ type: 'recovered', link: link.id })
  }
}

/** The keepalive of a session. */
export function keepaliveOf<Tag>(parts: SessionParts<Tag>): Keepalive<Tag> {
  parts.keepalive ??= new Keepalive(parts)
  return parts.keepalive
}
