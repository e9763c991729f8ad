/** Carries out what is asked for under one name one at a time, in the order of the calls; different names do not wait for each other. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(name)
    const turn = before === undefined ? work() : before.then(work, work)
    this.#last.set(name, turn)
    const done = () => {
      if (this.#last.get(name) === turn) this.#last.delete(name)
    }
    turn.then(done, done)
    return turn
  }
}
