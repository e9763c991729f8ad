/**
 * From which addresses connections may be ended right behind the close frame. Whether the client's close frame still
 * comes back then depends on what is there: nginx ends both directions when one has ended, and Firefox answers no
 * close frame behind which the connection has ended. Nothing is lost by that, but the server has to keep how the
 * session ended for as long as its client might ask. So an address from which the answer did not come is given the
 * time for it from then on.
 */
export class FirstEnds {
  /** Until when to wait for the close frame of whoever is at this address; the oldest first. */
  readonly #patientUntil = new Map<string, number>()

  allowed(address: string, now: number): boolean {
    const until = this.#patientUntil.get(address)
    if (until === undefined) return true
    if (now < until) return false
    this.#patientUntil.delete(address)
    return true
  }

  /** A connection was ended first, and the close frame did not come back. */
  unanswered(address: string, now: number): void {
    this.#patientUntil.delete(address)
    this.#patientUntil.set(address, now + patientMs)
    const [oldest] = this.#patientUntil.keys()
    if (oldest !== undefined && this.#patientUntil.size > addressesMax) this.#patientUntil.delete(oldest)
  }
}

const patientMs = 10 * 60_000
const addressesMax = 4096
