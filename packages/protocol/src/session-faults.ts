import type { AttachedLink } from './attached-link.ts'
import { type CloseCodeName, closeCodes } from './codes.ts'
import { WindowExceeded } from './inbox.ts'
import { limits } from './limits.ts'
import { PeerFault } from './peer-fault.ts'
import type { SessionEnding } from './session-ending.ts'
import type { SessionLinks } from './session-links.ts'
import type { SessionParts } from './session-parts.ts'

/**
 * What becomes of a link on which one side broke the protocol, and of a session on which it happens again and again. It
 * keeps nothing itself, and is made when it happens.
 */
export class SessionFaults<Tag> {
  readonly #parts: SessionParts<Tag>
  readonly #links: SessionLinks<Tag>
  readonly #ending: SessionEnding<Tag>

  constructor(parts: SessionParts<Tag>, links: SessionLinks<Tag>, ending: SessionEnding<Tag>) {
    this.#parts = parts
    this.#links = links
    this.#ending = ending
  }

  /** Something was thrown while a frame of this link was read: the peer's fault, or it is thrown on. */
  onThrown(link: AttachedLink, fault: unknown, now: number): void {
    if (fault instanceof WindowExceeded) {
      return this.#ending.end('window-exceeded', fault.message, 'local', now)
    }
    if (!(fault instanceof PeerFault)) throw fault
    this.#links.close(link, closeCodes[fault.code], fault.message)
    this.#links.lose(link, closeCodes[fault.code], fault.message, now)
    if (this.#parts.ended) return
    this.#parts.emit({ type: 'fault', by: 'peer', code: fault.code, message: fault.message })
    this.#count(fault.message, now)
  }

  /** The peer has closed a link because of what this side did, as it says. */
  onAccused(code: CloseCodeName, reason: string, now: number): void {
    const message = reason || 'the peer gave no reason'
    this.#parts.emit({ type: 'fault', by: 'local', code, message })
    this.#count(reason, now)
  }

  #count(why: string, now: number): void {
    this.#parts.faultsInARow++
    if (this.#parts.faultsInARow >= limits.faultsInARowMax) {
      this.#ending.end('protocol-fault', why, 'local', now)
    }
  }
}
