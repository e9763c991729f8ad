/** One round's part in a batch. */
export interface Member {
  /** Hands the answer over. */
  answer(): void
  /** Ends its connection. */
  leave(): void
}

/**
 * The rounds of a server whose process ends: they are answered in the same turn, once all of them have asked, and
 * then the process ends for all of them. With `size` 1 a round is answered in the turn in which it asks.
 */
export class Batch {
  readonly #members: Member[] = []
  readonly #then: () => void

  /** @param then What comes when all have been answered and have left: the end of the process, or nothing. */
  constructor(then: () => void) {
    this.#then = then
  }

  /** @param pause Called between the answers and the leaving with what goes on: a turn later, or at once. */
  join(size: number, member: Member, pause: (goOn: () => void) => void): void {
    this.#members.push(member)
    if (this.#members.length < size) return
    const members = this.#members.splice(0)
    for (const { answer } of members) answer()
    pause(() => {
      for (const { leave } of members) leave()
      this.#then()
    })
  }
}
