import type { TraceEvent } from '@lastword/sdk'

/** Beyond this many the oldest events are let go: a run that never ends must not take the memory of the machine. */
const eventsMax = 20_000

/** What the sessions of one run had to tell, in the order in which they told it. */
export class Story {
  readonly #events: { who: string; event: TraceEvent }[] = []

  /** A `trace` option for one side. All sides have to be in one process, and so have one clock. */
  teller(who: string): (event: TraceEvent) => void {
    return (event) => {
      this.#events.push({ who, event })
      if (this.#events.length > eventsMax) this.#events.shift()
    }
  }

  /** One line an event: when it was, in ms since the first, whose, and what. */
  lines(): string {
    const start = this.#events[0]?.event.at ?? 0
    return this.#events
      .map(({ who, event }) => {
        const { at, ...rest } = event
        return `${(at - start).toFixed(2).padStart(10)} ${who} ${JSON.stringify(rest)}`
      })
      .join('\n')
  }
}
