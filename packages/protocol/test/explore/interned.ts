/** Values that are never changed, each kept once and called by a number. Counts from 0. */
export class Interned<T> {
  readonly #values: T[] = []
  readonly #ids = new Map<string, number>()
  /** Most values that are asked for are such as have been given out. */
  readonly #known = new Map<T, number>()
  readonly #keyOf: (value: T) => string

  constructor(keyOf: (value: T) => string) {
    this.#keyOf = keyOf
  }

  idOf(value: T): number {
    const same = this.#known.get(value)
    if (same !== undefined) return same
    const key = this.#keyOf(value)
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const id = this.#values.push(value) - 1
    this.#ids.set(key, id)
    this.#known.set(value, id)
    return id
  }

  of(id: number): T {
    return this.#values[id] as T
  }
}
