import { Deadlines } from '../../src/deadlines.ts'
import type { PromiseName } from '../sim/violation.ts'
import { Violation } from '../sim/violation.ts'
import type { Frames } from './frames.ts'
import { copyGraph } from './graph-copy.ts'
import { type TextRules, textOfGraph } from './graph-text.ts'
import type { Plan } from './plan.ts'
import { type Role, Side } from './side.ts'
import { type Effect, type Step, stepOf } from './step.ts'
import { takeStep } from './take-step.ts'

/** Stands for a state of one side. Counts from 1; 0 is none. */
export type SideId = number

/** A broken promise, as it is kept in the graph of states. */
export interface Broken {
  promise: PromiseName
  message: string
}

export interface Taken {
  side: SideId
  effects: readonly Effect[]
  broken: Broken | undefined
}

/**
 * What is left out of a side's identity: what is told and never acted on. With it every state would be another one, for
 * how often something happened tells how it came to be.
 */
const countersOnly = new Set([
  'counters',
  '_$counters',
  'duplicatesDropped',
  // When something was asked, for the round-trip time that is counted.
  '_$pingAt',
  'helloAt',
  // They say when a driver had better ask for frames: here they are asked for at any time.
  '_$bytesSinceAck',
  '_$countSinceAck',
])

const rules: TextRules = { countersOnly, isClock: (owner) => owner instanceof Deadlines }

/**
 * Every state of one side that was met, and what each step comes to in it. The machine runs once for each state and
 * step, however many states of the whole world that happens in.
 */
export class Sides {
  readonly #role: Role
  readonly #plan: Plan
  readonly #frames: Frames
  readonly #sides: Side[] = []
  readonly #ids = new Map<string, SideId>()
  readonly #texts: string[] = []
  readonly #steps: Array<Map<Step, Taken>> = []
  /** How often the machine ran. */
  runs = 0

  constructor(role: Role, plan: Plan, frames: Frames) {
    this.#role = role
    this.#plan = plan
    this.#frames = frames
    const machine = new Side(role, plan).machine
    if (Object.keys(machine).length === 0)
      throw new Error('The private names of the protocol are closed: run it by `npm run explore`.')
    this.#sides.push(undefined as unknown as Side)
    this.#steps.push(new Map())
  }

  get count(): number {
    return this.#sides.length - 1
  }

  /** A side to which nothing has happened, but for what its application sends at once. */
  fresh(): SideId {
    const { when, sends } = this.#plan[this.#role]
    let id = this.#idOf(new Side(this.#role, this.#plan))
    if (when === 'at once') for (const _ of sends) id = this.take(id, stepOf('send')).side
    return id
  }

  of(id: SideId): Side {
    return this.#sides[id] as Side
  }

  /** What tells this state from every other one. */
  textOf(id: SideId): string {
    return this.#texts[id] as string
  }

  take(id: SideId, step: Step): Taken {
    const steps = this.#steps[id] as Map<Step, Taken>
    const known = steps.get(step)
    if (known !== undefined) return known
    const taken = this.#run(id, step)
    steps.set(step, taken)
    return taken
  }

  #run(id: SideId, step: Step): Taken {
    this.runs++
    const side = copyGraph(this.of(id))
    try {
      const effects = takeStep(side, step, this.#frames, this.#plan)
      return { side: this.#idOf(side), effects, broken: undefined }
    } catch (error) {
      if (error instanceof Violation)
        return { side: id, effects: [], broken: { promise: error.promise, message: error.message } }
      const { message, stack } = error as Error
      return {
        side: id,
        effects: [],
        broken: { promise: 'liveness', message: `it threw: ${message}\n${stack}` },
      }
    }
  }

  #idOf(side: Side): SideId {
    side.failed = []
    const text = textOfGraph({ ...side, now: 0 }, side.now, rules)
    const known = this.#ids.get(text)
    if (known !== undefined) return known
    const id = this.#sides.push(side) - 1
    this.#ids.set(text, id)
    this.#texts[id] = text
    this.#steps.push(new Map())
    return id
  }
}
