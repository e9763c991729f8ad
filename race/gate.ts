/** Holds several rounds until all of them have come, so that they go on in the same turn of the event loop. */
export class Gate {
  readonly opened: Promise<void>
  #missing: number
  #open: () => void = () => {}

  constructor(rounds: number) {
    this.#missing = rounds
    this.opened = new Promise((resolve) => {
      this.#open = resolve
    })
  }

  /** Returns what says that one round has come, or will not come any more; calling that again changes nothing. */
  ticket(): () => void {
    let used = false
    return () => {
      if (used) return
      used = true
      this.#missing -= 1
      if (this.#missing === 0) this.#open()
    }
  }
}
