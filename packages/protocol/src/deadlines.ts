/** A point in time, in the milliseconds of the `now` that comes with every input; `never` when it is not armed. */
export type Deadline = number

export const never: Deadline = Number.POSITIVE_INFINITY

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

  next(): Deadline {
    return Math.min(this.welcome, this.ping, this.dead, this.expiry, this.closing, this.release)
  }

  /** A link is gone: nothing that waits on it matters any more. */
  disarmLink(): void {
    this.welcome = never
    this.ping = never
    this.dead = never
  }
}
