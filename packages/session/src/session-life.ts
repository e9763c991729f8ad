import type { CloseReport } from '@lastword/protocol'
import { Deferred } from './deferred.ts'
import type { SessionEvents, SessionState } from './session-types.ts'

/** What a life is told of, besides what happens. */
export interface LifeHost {
  emit<E extends keyof SessionEvents>(event: E, value: SessionEvents[E]): boolean
  /** A clock in milliseconds. */
  now(): number
  onState(state: SessionState): void
  /** The session is over, and its application is about to be told. */
  onClosed(report: CloseReport): void
}

/** True if the session ended because one side does not have it any more. */
export function isLost({ code }: CloseReport): boolean {
  return code === 'session-unknown' || code === 'expired'
}

/** Where a session is in its life, as its application sees it: its state, the events that tell of it, `opened`. */
export class SessionLife {
  readonly #host: LifeHost
  /** What it is as long as nobody closes. */
  #place: SessionState
  #state: SessionState
  #closing = false
  #openedBefore = false
  #downSince = 0
  /** `opened`, made for the first who asks. */
  #opened: Deferred<void> | undefined
  /** Why the session is over, as an error for who waits for `opened`. */
  #why: (() => unknown) | undefined

  /** `resumes`: it comes from a journal, and has been welcomed before. */
  constructor(resumes: boolean, host: LifeHost) {
    this.#host = host
    this.#place = resumes ? 'recovering' : 'connecting'
    this.#state = this.#place
  }

  /** Resolves when the session is attached for the first time; rejects if it ends before that. */
  get opened(): Promise<void> {
    if (this.#opened === undefined) {
      this.#opened = new Deferred()
      // Whoever does not wait for it hears of the same by `closed` and by every message's fate.
      this.#opened.promise.catch(() => {})
      if (this.#openedBefore) this.#opened.resolve()
      else if (this.#place === 'closed') this.#opened.reject(this.#why?.())
    }
    return this.#opened.promise
  }

  get state(): SessionState {
    return this.#state
  }

  /** `proven`: what was said on the link has been answered on it. */
  attached(proven: boolean): void {
    if (this.#openedBefore) {
      if (proven) this.recovered()
      return
    }
    this.#openedBefore = true
    this.#move('open')
    this.#opened?.resolve()
    this.#host.emit('open', undefined)
  }

  recovered(): void {
    // What is the first link here may be another one for the other side.
    if (this.#place !== 'recovering') return
    this.#move('open')
    this.#host.emit('recovered', { downMs: this.#host.now() - this.#downSince })
  }

  detached(code: number, reason: string): void {
    // A link that is lost before it was proven is still the same search for one.
    if (this.#place === 'recovering') return
    this.#downSince = this.#host.now()
    this.#move('recovering')
    this.#host.emit('recovering', { code, reason })
  }

  /** One of the sides will send no more. */
  closing(): void {
    this.#closing = true
    this.#move(this.#place)
  }

  /** `why` is only asked where somebody is told of it: an error costs as much as the rest of a session's end. */
  ended(report: CloseReport, why: () => unknown): void {
    if (!this.#openedBefore) {
      this.#why = why
      this.#opened?.reject(why())
    }
    this.#move('closed')
    if (isLost(report)) this.#host.emit('lost', report)
    this.#host.onClosed(report)
    this.#host.emit('closed', report)
  }

  #move(place: SessionState): void {
    this.#place = place
    const before = this.#state
    this.#state = this.#closing && place !== 'closed' ? 'closing' : place
    if (this.#state !== before) this.#host.onState(this.#state)
  }
}
