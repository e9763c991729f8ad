import type { SessionOutput } from '../../src/session-io.ts'
import { SessionMachine } from '../../src/session-machine.ts'
import type { PromiseName } from '../sim/violation.ts'

/**
 * A mistake that is built into the core on purpose, to see that it is found. It stands in the prototypes and keeps what
 * it remembers in the objects themselves, so that what explores the core can copy it with them.
 */
export interface PlantedFault {
  name: string
  /** What it may be found as: a mistake can be seen in more than one place. */
  promises: readonly PromiseName[]
  /** Builds it in. Returns what takes it out again. */
  plant(): () => void
  /** The world in which it is looked for first: the others would only take time. */
  world?: string
  /** True if it reaches for private fields, which are there only where their names are opened. */
  inside?: true
}

type Methods<T> = { [K in keyof T]: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T]

/** Replaces a method of every instance; `make` gets the original. Returns what puts that back. */
export function replaced<T extends object, K extends Methods<T>>(
  prototype: T,
  name: K,
  make: (original: T[K]) => T[K],
): () => void {
  const original = prototype[name]
  prototype[name] = make(original)
  return () => {
    prototype[name] = original
  }
}

/** Replaces a getter of every instance; `make` gets what asks the original. */
export function replacedGetter<T extends object, K extends keyof T & string>(
  prototype: T,
  name: K,
  make: (original: (part: T) => T[K]) => (part: T) => T[K],
): () => void {
  const original = Object.getOwnPropertyDescriptor(prototype, name) as PropertyDescriptor
  const changed = make((part) => original.get?.call(part) as T[K])
  Object.defineProperty(prototype, name, {
    ...original,
    get(this: T) {
      return changed(this)
    },
  })
  return () => {
    Object.defineProperty(prototype, name, original)
  }
}

/** Changes what comes out of every machine. */
export function outputsChanged(
  change: (output: SessionOutput<unknown>) => SessionOutput<unknown>[],
): () => void {
  return replaced(
    SessionMachine.prototype,
    'takeOutputs',
    (original) =>
      function (this: SessionMachine) {
        return original.call(this).flatMap(change)
      },
  )
}

/** Takes several out again. */
export function allOf(...takeOut: Array<() => void>): () => void {
  return () => {
    for (const one of takeOut) one()
  }
}

/** The private fields of a part, under their opened names. */
export function insideOf<T>(part: object): Record<string, T> {
  return part as Record<string, T>
}
