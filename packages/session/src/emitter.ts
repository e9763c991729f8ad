/** Where an emitter reports what a listener throws. */
export interface Reporter {
  report(error: unknown): void
}

/**
 * The least that an event source needs: typed `on` and `off`. A listener that throws, or whose promise rejects, does not
 * keep the others from being called.
 */
export class Emitter<Events extends object> {
  /** In the order in which they were added. Made when there is one: most sessions have two or three in all. */
  #listeners: Array<Listening<Events>> | undefined
  readonly #reporter: Reporter

  constructor(reporter: Reporter) {
    this.#reporter = reporter
  }

  /** Returns what takes the listener off again. Adding one twice changes nothing. */
  on<E extends keyof Events>(event: E, listener: (value: Events[E]) => unknown): () => void {
    this.#listeners ??= []
    if (this.#indexOf(event, listener) < 0) this.#listeners.push({ event, listener })
    return () => this.off(event, listener)
  }

  off<E extends keyof Events>(event: E, listener: (value: Events[E]) => unknown): void {
    const index = this.#indexOf(event, listener)
    if (index >= 0) this.#listeners?.splice(index, 1)
  }

  /** False if nobody listens. */
  emit<E extends keyof Events>(event: E, value: Events[E]): boolean {
    // Whoever adds or removes one while they are called changes nothing for this time.
    const listening = this.#listeners?.filter((one) => one.event === event)
    if (listening === undefined || listening.length === 0) return false
    for (const { listener } of listening) {
      try {
        const result = (listener as (value: Events[E]) => unknown)(value) as PromiseLike<unknown> | undefined
        if (typeof result?.then === 'function') {
          result.then(undefined, (error: unknown) => this.#reporter.report(error))
        }
      } catch (error) {
        this.#reporter.report(error)
      }
    }
    return true
  }

  #indexOf<E extends keyof Events>(event: E, listener: (value: Events[E]) => unknown): number {
    return this.#listeners?.findIndex((one) => one.event === event && one.listener === listener) ?? -1
  }
}

interface Listening<Events> {
  readonly event: keyof Events
  readonly listener: (event: never) => unknown
}
