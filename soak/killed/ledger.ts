/** What the parent knows of one client, over all its lives, and what its server has done. */
export class Ledger {
  readonly sending = new Set<number>()
  readonly stored = new Set<number>()
  readonly acknowledged = new Set<number>()
  /** Messages in the order in which the server's handler was given them. */
  readonly handled: number[] = []
  restored = 0
  #lastStored = -1

  /** The journal holds every message up to this one that was about to be sent in this life, or carried over from one before. */
  storedUpTo(number: number): void {
    for (const one of this.sending) if (one > this.#lastStored && one <= number) this.stored.add(one)
    this.#lastStored = number
  }

  /** A new life: what was not stored in the one before may be gone. */
  bornAgain(): void {
    this.#lastStored = Math.max(this.#lastStored, ...this.sending)
  }

  /** What is not as promised, in words. */
  wrongs(): string[] {
    const wrongs: string[] = []
    const handled = new Set(this.handled)
    const missing = (numbers: Set<number>) => [...numbers].filter((number) => !handled.has(number))
    const twice = this.handled.filter((number, at) => this.handled.indexOf(number) !== at)
    const unordered = this.handled.filter((number, at) => at > 0 && number < (this.handled[at - 1] as number))
    const never = this.handled.filter((number) => !this.sending.has(number))
    const say = (what: string, numbers: number[]) => {
      if (numbers.length > 0) wrongs.push(`${what}: ${numbers.slice(0, 10).join(', ')} (${numbers.length})`)
    }
    say('the journal held these, and the server never had them', missing(this.stored))
    say('these were acknowledged, and the server never had them', missing(this.acknowledged))
    say('the server handled these twice', twice)
    say('the server handled these behind a later one', unordered)
    say('the server handled these, which nobody sent', never)
    return wrongs
  }
}
