import type { StackId } from '../serve/news.ts'
import { byId } from './element.ts'
import { tabStorage } from './tab-storage.ts'

/** What is counted for each stack. Everything in it has happened. */
export interface Tally {
  calls: number
  answersLost: number
  messagesLost: number
  connected: number
}

/** What became of one call over one stack. */
export interface Outcome {
  answered: boolean
  /** Whether a data channel came of it. */
  connected: boolean
  sent: number
  handled: number
}

const storageKey = 'lastword-demo-score'
const none: Tally = { calls: 0, answersLost: 0, messagesLost: 0, connected: 0 }

/** The counters of this tab. They outlive a reload. */
export class Score {
  #tallies: Record<StackId, Tally>

  constructor() {
    this.#tallies = readStored() ?? { bare: { ...none }, lastword: { ...none } }
    this.#show()
  }

  add(stack: StackId, { answered, connected, sent, handled }: Outcome): void {
    const tally = this.#tallies[stack]
    tally.calls++
    if (!answered) tally.answersLost++
    tally.messagesLost += sent - handled
    if (connected) tally.connected++
    tabStorage.write(storageKey, JSON.stringify(this.#tallies))
    this.#show()
  }

  clear(): void {
    this.#tallies = { bare: { ...none }, lastword: { ...none } }
    tabStorage.remove(storageKey)
    this.#show()
  }

  #show(): void {
    for (const stack of ['bare', 'lastword'] as const) {
      const { calls, answersLost, messagesLost, connected } = this.#tallies[stack]
      put(`${stack}-calls`, calls)
      put(`${stack}-answers-lost`, answersLost, calls > 0)
      put(`${stack}-messages-lost`, messagesLost, calls > 0)
      put(`${stack}-connected`, connected)
      // The same in short, for a screen on which the table is not next to the buttons.
      put(`tally-${stack}`, answersLost + messagesLost)
    }
  }
}

/** A loss is marked by more than its colour: a number above nought is set in bold. */
function put(id: string, value: number, judged = false): void {
  const cell = byId(id)
  cell.textContent = value.toLocaleString('en')
  cell.classList.toggle('lost', judged && value > 0)
  cell.classList.toggle('kept', judged && value === 0)
}

function readStored(): Record<StackId, Tally> | undefined {
  try {
    return JSON.parse(tabStorage.read(storageKey) ?? '') as Record<StackId, Tally>
  } catch {
    return undefined
  }
}
