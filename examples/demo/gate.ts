/** Holds several rounds until all of them have come, so that they go on in the same turn of the event loop. */
export class Gate {
  readonly #all: Promise<void>
  #missing: number
  #open: () => void = () => {}

  constructor(rounds: number) {
    this.#missing = rounds
    this.#all = new Promise((resolve) => {
      this.#open = resolve
    })
    if (rounds === 0) this.#open()
  }

  /** One round has come, or will not come any more. */
  arrive(): void {
    this.#missing -= 1
    if (this.#missing === 0) this.#open()
  }

  get opened(): Promise<void> {
    return this.#all
  }
}
