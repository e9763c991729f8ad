import type { State } from './world.ts'

/**
 * Every state that was met, once, by a number that counts from 0. The numbers of a state stand one behind the other in
 * one long array, and an open-addressed table finds them by their hash; states are compared whole, so that no two are
 * ever taken for one.
 */
export class StateStore {
  count = 0
  #numbers = new Int32Array(1 << 16)
  /** Where each state begins; one more than there are. */
  #starts = new Int32Array(1 << 12)
  #table = new Int32Array(1 << 13).fill(-1)
  #mask = (1 << 13) - 1

  /** The number of a state, which is `count - 1` if it is new. */
  idOf(state: State): number {
    let at = hashOf(state) & this.#mask
    for (let id = this.#table[at] as number; id >= 0; id = this.#table[at] as number) {
      if (this.#equals(id, state)) return id
      at = (at + 1) & this.#mask
    }
    const id = this.count++
    this.#table[at] = id
    this.#add(id, state)
    if (this.count * 2 > this.#mask) this.#rehash()
    return id
  }

  of(id: number): State {
    const start = this.#starts[id] as number
    return Array.from(this.#numbers.subarray(start, this.#starts[id + 1]))
  }

  #equals(id: number, state: State): boolean {
    const start = this.#starts[id] as number
    if ((this.#starts[id + 1] as number) - start !== state.length) return false
    for (let i = 0; i < state.length; i++) if (this.#numbers[start + i] !== state[i]) return false
    return true
  }

  #add(id: number, state: State): void {
    const start = this.#starts[id] as number
    if (id + 2 > this.#starts.length) this.#starts = grown(this.#starts)
    if (start + state.length > this.#numbers.length) this.#numbers = grown(this.#numbers)
    this.#numbers.set(state, start)
    this.#starts[id + 1] = start + state.length
  }

  #rehash(): void {
    const size = (this.#mask + 1) * 4
    this.#table = new Int32Array(size).fill(-1)
    this.#mask = size - 1
    for (let id = 0; id < this.count; id++) {
      let at = hashOf(this.of(id)) & this.#mask
      while ((this.#table[at] as number) >= 0) at = (at + 1) & this.#mask
      this.#table[at] = id
    }
  }
}

/** An array of 32-bit numbers that grows. */
export class NumberList {
  length = 0
  #numbers = new Int32Array(1 << 12)

  push(number: number): void {
    if (this.length === this.#numbers.length) this.#numbers = grown(this.#numbers)
    this.#numbers[this.length++] = number
  }

  at(index: number): number {
    return this.#numbers[index] as number
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(array.length * 2)
  larger.set(array)
  return larger
}

/** FNV-1a over the numbers, mixed once more at the end. */
function hashOf(state: State): number {
  let hash = 0x811c9dc5
  for (const number of state) {
    hash = Math.imul(hash ^ (number & 0xffff), 0x01000193)
    hash = Math.imul(hash ^ (number >>> 16), 0x01000193)
  }
  hash ^= hash >>> 15
  hash = Math.imul(hash, 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}
