/**
 * A point in time, in the milliseconds of the `now` that comes with every input; `never` when it is not armed. That is no
 * number: an engine keeps a number of its own for each field that has only ever held fractions, armed or not.
 */
export type Deadline = number | undefined

export const never: Deadline = undefined

/** All timers of a session. Nothing else in the machine waits for time. */
export class Deadlines {
  /** Client. When to give a link up whose `welcome` does not come. */
  welcome: Deadline = never
  /** When to ask whether the peer is still there. */
  ping: Deadline = never
  /** When to give a link up on which a ping was not answered. */
  dead: Deadline = never
  /** Server. When to end a session that has had no link. */
  expiry: Deadline = never
  /** When to end a session whose closing takes too long. */
  closing: Deadline = never
  /** When to forget a session that is over: what the peer could still ask is not worth keeping any longer. */
  release: Deadline = never

  /** When to look again; `Infinity` for never. */
  next(): number {
    let next = Number.POSITIVE_INFINITY
    if (this.welcome !== undefined && this.welcome < next) next = this.welcome
    if (this.ping !== undefined && this.ping < next) next = this.ping
    if (this.dead !== undefined && this.dead < next) next = this.dead
    if (this.expiry !== undefined && this.expiry < next) next = this.expiry
    if (this.closing !== undefined && this.closing < next) next = this.closing
    if (this.release !== undefined && this.release < next) next = this.release
    return next
  }

  /** A link is gone: nothing that waits on it matters any more. */
  disarmLink(): void {
    this.welcome = never
    this.ping = never
    this.dead = never
  }
}

/** The deadline in so many ms. Whole, and at most one later: a fraction would be an object of its own, with each frame that comes. */
export function inMs(ms: number, now: number): Deadline {
  return Math.ceil(now + ms)
}

/** True if its time has come. */
export function isDue(deadline: Deadline, now: number): boolean {
  return deadline !== undefined && now >= deadline
}
