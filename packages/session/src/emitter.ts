/**
 * The least that an event source needs: typed `on` and `off`. A listener that throws, or whose promise rejects, does not
 * keep the others from being called.
 */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(event: never) => unknown>>()
  readonly #onThrow: (error: unknown) => void

  constructor(onThrow: (error: unknown) => void) {
    this.#onThrow = onThrow
  }

  /** Returns what takes the listener off again. Adding one twice changes nothing. */
  on<E extends keyof Events>(event: E, listener: (value: Events[E]) => unknown): () => void {
    let listeners = this.#listeners.get(event)
    if (listeners === undefined) {
      listeners = new Set()
      this.#listeners.set(event, listeners)
    }
    listeners.add(listener)
    return () => this.off(event, listener)
  }

  off<E extends keyof Events>(event: E, listener: (value: Events[E]) => unknown): void {
    this.#listeners.get(event)?.delete(listener)
  }

  /** False if nobody listens. */
  emit<E extends keyof Events>(event: E, value: Events[E]): boolean {
    const listeners = this.#listeners.get(event)
    if (listeners === undefined || listeners.size === 0) return false
    for (const listener of [...listeners]) {
      try {
        const result = (listener as (value: Events[E]) => unknown)(value) as PromiseLike<unknown> | undefined
        if (typeof result?.then === 'function') result.then(undefined, this.#onThrow)
      } catch (error) {
        this.#onThrow(error)
      }
    }
    return true
  }
}
