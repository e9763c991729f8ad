/** Something that will happen, unless it is called off. */
export interface Appointment {
  readonly time: number
  readonly order: number
  run: (() => void) | undefined
}

/** Virtual time: a queue of what will happen, and nothing that passes by itself. Milliseconds, from 0. */
export class Clock {
  now = 0
  /** How much has happened. */
  steps = 0
  readonly #heap: Appointment[] = []
  #count = 0

  after(ms: number, run: () => void): Appointment {
    return this.at(this.now + ms, run)
  }

  /** What is due at the same time happens in the order in which it was asked for. */
  at(time: number, run: () => void): Appointment {
    const appointment: Appointment = { time: Math.max(time, this.now), order: this.#count++, run }
    this.#rise(appointment)
    return appointment
  }

  /** Makes the next thing happen. False if nothing is left. */
  step(): boolean {
    for (;;) {
      const next = this.#take()
      if (next === undefined) return false
      const run = next.run
      if (run === undefined) continue
      next.run = undefined
      this.now = next.time
      this.steps++
      run()
      return true
    }
  }

  #rise(appointment: Appointment): void {
    const heap = this.#heap
    let i = heap.push(appointment) - 1
    while (i > 0) {
      const above = (i - 1) >> 1
      if (!earlier(appointment, heap[above] as Appointment)) break
      heap[i] = heap[above] as Appointment
      i = above
    }
    heap[i] = appointment
  }

  #take(): Appointment | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || first === last) return first
    let i = 0
    for (;;) {
      let below = 2 * i + 1
      if (below >= heap.length) break
      if (below + 1 < heap.length && earlier(heap[below + 1] as Appointment, heap[below] as Appointment))
        below++
      if (!earlier(heap[below] as Appointment, last)) break
      heap[i] = heap[below] as Appointment
      i = below
    }
    heap[i] = last
    return first
  }
}

function earlier(a: Appointment, b: Appointment): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order)
}
