import type { Checked } from './payload-check.ts'

/** Keeps what the application calls in the order of the calls, where schemas take their time. */
export class CallOrder {
  /** Set while a schema takes its time: what is called meanwhile goes behind it. */
  #tail: Promise<void> | undefined

  /** Resolves when nothing waits for a schema any more; `undefined` if nothing does. */
  get tail(): Promise<void> | undefined {
    return this.#tail
  }

  /**
   * Calls `settle` with a validation's outcome: at once if nothing waits for a schema, else in the order of the calls,
   * and then what is returned resolves behind it.
   */
  run(
    outcome: Checked | Promise<Checked>,
    settle: (checked: Checked) => void,
    fail: (error: unknown) => void,
  ): Promise<void> | undefined {
    if (this.#tail === undefined && !(outcome instanceof Promise)) {
      settle(outcome)
      return undefined
    }
    const before = this.#tail ?? Promise.resolve()
    const tail = before
      .then(() => outcome)
      .then(settle)
      .catch(fail)
      .then(() => {
        if (this.#tail === tail) this.#tail = undefined
      })
    this.#tail = tail
    return tail
  }
}
