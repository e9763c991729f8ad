import { nowMs } from '../harness/now.ts'
import { Desk } from './desk.ts'
import { watching } from './peak.ts'
import { perSecond } from './work.ts'

export const desk = new Desk(perSecond)

let expected = Number.POSITIVE_INFINITY
let whole: ((lastMs: number) => void) | undefined

/** Called for each message that has come, parsed. Resolves when it is handled. */
export async function consume(message: unknown): Promise<void> {
  await desk.handle(message)
  if (desk.handled === expected) whole?.(nowMs())
}

/** The commands that every consumer has. */
export const consuming = {
  ...watching,
  /** Resolves with when the last of so many messages was handled. */
  all(count: number): Promise<number> {
    expected = count
    return new Promise((resolve) => {
      whole = resolve
    })
  },
}
