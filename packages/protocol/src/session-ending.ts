import type { AttachedLink } from './attached-link.ts'
import { closeCodes, type ResetCode } from './codes.ts'
import { never } from './deadlines.ts'
import { encodeEnvelope } from './encode.ts'
import type { Fate } from './errors.ts'
import type { JournalState } from './journal.ts'
import { limits } from './limits.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import type { CloseReport } from './report.ts'
import type { LinkId, SessionInput } from './session-io.ts'
import type { SessionLinks } from './session-links.ts'
import type { SessionParts } from './session-parts.ts'
import { utf8Length } from './utf8.ts'

/** How a session comes to its end, what is reported of it, and how long it is kept for a peer that may still ask. */
export class SessionEnding<Tag> {
  readonly #parts: SessionParts<Tag>
  readonly #links: SessionLinks<Tag>
  /** Ids acknowledged since this side began to close, for the report; `undefined` before. A side that only listens to the end may go on sending for long. */
  #handledWhileClosing: string[] | undefined
  #report: CloseReport | undefined
  /** The link on which the last word was said; how it ends tells whether the peer has heard it. */
  #finalLink: LinkId | undefined
  /** True if the peer closed the last link as one that has seen the end, before this side could say that it has. */
  #peerIsDone = false
  /** Server: true if the client's `fin` came behind its acknowledgement of ours, so that it is done with the last word. */
  #peerNeedsNoMore = false
  /** True if the last word waits for the journal. */
  #wordDue = false
  released = false

  constructor(parts: SessionParts<Tag>, links: SessionLinks<Tag>) {
    this.#parts = parts
    this.#links = links
  }

  /** True while a link is wanted: the session goes on, or its last acknowledgement must be said again. */
  get wantsLink(): boolean {
    if (this.released) return false
    return this.#parts.ended ? this.#finalLink === undefined : !this.#peerIsDone
  }

  /** What the journal must hold of the end. */
  toJournal(): JournalState['ended'] {
    if (this.#report === undefined) return undefined
    const { code, reason, by } = this.#report
    return { code, reason, by }
  }

  /** Goes on where the journal's last write left off: at the end, or before it. */
  restore(ended: JournalState['ended'], now: number): void {
    const parts = this.#parts
    if (ended === undefined) {
      if (parts.config.role === 'server') parts.deadlines.expiry = now + parts.ttlMs
      return this.settle(now)
    }
    if (ended.code === 'finished') return this.#finish(now)
    parts.phase = 'ended'
    parts.clock.touch()
    this.#report = this.#makeReport(ended.code, ended.reason, ended.by, [])
    parts.emit({ type: 'ended', report: this.#report })
    if (ended.by === 'local' && parts.config.role === 'server') parts.deadlines.release = now + parts.ttlMs
    else this.#releaseSoon(now)
  }

  /** The application has begun to close. */
  begin(timeoutMs: number, now: number): void {
    const parts = this.#parts
    if (parts.phase !== 'open') return
    parts.phase = 'closing'
    this.#handledWhileClosing ??= []
    parts.deadlines.closing = now + timeoutMs
  }

  onHandled(messages: readonly OutgoingMessage<Tag>[]): void {
    if (this.#handledWhileClosing === undefined) return
    for (const message of messages) this.#handledWhileClosing.push(message.id)
  }

  /** The peer has said its last. */
  onPeerFin(): void {
    const { config, outbox } = this.#parts
    this.#peerNeedsNoMore = config.role === 'server' && outbox.finished
  }

  /** After each step: is everything that both sides sent handled? */
  settle(now: number): void {
    const { outbox, inbox, ended } = this.#parts
    const link = this.#links.current
    if (ended && this.#wordDue && link?.attached) return this.sayLastWord(link)
    // One that has gone acknowledges nothing any more. There is nothing to handle in a `fin`, and nothing behind it.
    const leftAlone = this.#parts.peerGone && outbox.finishedButFin
    if (ended || !inbox.finished || !(outbox.finished || leftAlone)) return
    // The acknowledgement of a `fin` that went out behind ours of the peer's proves that the peer has both.
    const peerKnows = outbox.finished && (link === undefined ? this.#peerIsDone : link.finAfterAll)
    this.#finish(now)
    // On a link that is still being opened it is said when `welcome` has come.
    if (link?.attached) this.sayLastWord(link)
    if (peerKnows) this.#releaseSoon(now)
  }

  /** A client that nobody has ever heard of is done by itself. */
  finishUnheardOf(now: number): void {
    this.#finish(now)
    this.release()
  }

  /** The session is over: says so on this link, and closes it behind that. */
  sayLastWord(link: AttachedLink): void {
    const report = this.#report as CloseReport
    const { counters, filler, inbox } = this.#parts
    // A `welcome` may stand in front of it, and waits for the journal.
    this.#wordDue = report.clean && !this.#links.mayLeave
    if (this.#wordDue) return
    const { next } = this.#links
    this.#finalLink = link.id
    if (report.clean) {
      return this.#links.close(link, closeCodes.normal, '', filler.fill(link), this.#peerNeedsNoMore)
    }
    const reason = clip(report.reason)
    const reset = encodeEnvelope({ t: 'reset', code: report.code, reason, got: inbox.got })
    counters.frameMade(utf8Length(reset) + 2)
    this.#links.close(link, closeCodes.reset, report.code, `[${reset}]`)
    // The server may have gone over to the next link already: what is said on this one it would not hear.
    if (next === undefined) return
    counters.frameMade(utf8Length(reset) + 2)
    this.#links.close(next, closeCodes.reset, report.code, `[${reset}]`)
  }

  /** True if it was the link of the last word: its end says whether the peer has heard that. */
  onLinkEnd(end: Extract<SessionInput<Tag>, { type: 'link-end' }>, now: number): boolean {
    if (end.link !== this.#finalLink) {
      // How a link ends that was left before says nothing.
      if (end.link !== this.#links.current?.id) return false
      // Only the journal was waited for: the peer has seen the end, and needs no last word.
      const { outbox, inbox } = this.#parts
      const seen = outbox.acknowledged && inbox.finished && inbox.allTold
      this.#peerIsDone = seen && end.clean && end.code === closeCodes.normal
      // The link that was to come next would find the session forgotten.
      if (this.#peerIsDone) this.#links.closeNext()
      return false
    }
    this.#finalLink = undefined
    // Any other code is the peer's own reason to drop the link, and then it did not read to the end.
    const heard = end.code === closeCodes.normal || end.code === closeCodes.reset
    if (end.clean && heard) this.#releaseSoon(now)
    return true
  }

  /** The session ends here, whatever becomes of it elsewhere. */
  letGo(code: ResetCode, reason: string, silent: boolean, now: number): void {
    const { next, current } = this.#links
    for (const link of silent ? [next, current] : [next]) {
      if (link !== undefined) this.#links.close(link, closeCodes.goingAway, clip(reason))
    }
    if (!this.#parts.ended) this.end(code, reason, 'local', now, true)
    this.release()
  }

  /** The session ends, and not as agreed. `kept`: what was accepted may still be sent, from the journal. */
  end(code: ResetCode, reason: string, by: 'local' | 'peer', now: number, kept = false): void {
    const parts = this.#parts
    const link = this.#links.current
    if (parts.ended) {
      if (by === 'local') return
      if (link !== undefined) this.#links.close(link, closeCodes.normal, '')
      return this.#releaseSoon(now)
    }
    parts.phase = 'ended'
    parts.clock.touch()
    const why = reason === '' ? code : `${reason} (${code})`
    const rest = parts.outbox.drain(by === 'local')
    if (kept) for (const entry of rest) if (entry.fate === 'not-sent') entry.fate = 'unknown'
    this.#report = this.#makeReport(code, reason, by, rest)
    parts.fail(rest, why)
    parts.emit({ type: 'ended', report: this.#report })
    parts.deadlines.closing = never
    parts.deadlines.expiry = never
    if (link !== undefined && by === 'peer') this.#links.close(link, closeCodes.normal, '')
    else if (link !== undefined) this.sayLastWord(link)
    // A server tells a client that did not hear it when it comes back; a client has nobody to wait for.
    if (by === 'local' && parts.config.role === 'server') {
      parts.deadlines.release = now + parts.ttlMs
    } else this.#releaseSoon(now)
  }

  /** What the peer could still ask has been kept for long enough, unless it has come and waits for the journal. */
  onReleaseDue(now: number): void {
    const { deadlines, keepaliveMs } = this.#parts
    if (this.#wordDue && this.#links.current !== undefined) deadlines.release = now + keepaliveMs
    else this.release()
  }

  release(): void {
    if (this.released) return
    this.released = true
    this.#links.closeAll()
    const { deadlines } = this.#parts
    deadlines.disarmLink()
    deadlines.release = never
    this.#parts.emit({ type: 'released' })
  }

  #finish(now: number): void {
    const parts = this.#parts
    parts.phase = 'ended'
    parts.clock.touch()
    // A link that waits for its `welcome` goes on waiting, and not for ever: the last word is said on it, or the next.
    parts.deadlines.closing = never
    parts.deadlines.expiry = never
    parts.deadlines.release = now + parts.ttlMs
    this.#report = this.#makeReport('finished', '', 'both', [])
    parts.emit({ type: 'ended', report: this.#report })
  }

  /**
   * The peer has nothing more to ask. A server that did not get the client's first link still stays: the `hello` of
   * an earlier one may be under way, and would make the session, and what was handled in it, anew.
   */
  #releaseSoon(now: number): void {
    const { config, deadlines, ttlMs } = this.#parts
    if (this.released) return
    if (config.role === 'client' || this.#links.count <= 1) return this.release()
    if (deadlines.release === never) deadlines.release = now + ttlMs
  }

  #makeReport(
    code: CloseReport['code'],
    reason: string,
    by: CloseReport['by'],
    rest: ReadonlyArray<{ message: OutgoingMessage<Tag>; fate: Fate }>,
  ): CloseReport {
    const { outbox, inbox } = this.#parts
    const idsOf = (fate: Fate) => rest.filter((entry) => entry.fate === fate).map((entry) => entry.message.id)
    return {
      clean: code === 'finished',
      code,
      reason,
      by,
      handledTotal: outbox.handledTotal,
      handled: this.#handledWhileClosing ?? [],
      received: idsOf('received'),
      unknown: idsOf('unknown'),
      notSent: idsOf('not-sent'),
      incoming: { handledTotal: inbox.handledTotal, unhandled: inbox.pendingIds() },
    }
  }
}

/** A reason as it may go over the wire. */
export function clip(reason: string): string {
  return reason.slice(0, limits.reasonCharsMax)
}
