import type { Contract } from '@lastword/protocol'

type Schema = NonNullable<Contract[string]['payload']>

/** A Standard Schema, written by hand, that takes numbers, makes them ten times as large, and takes its time until a test lets each of them pass. */
export function slowly(): { schema: Schema; pending: number[]; pass(value: number): void } {
  const waiting = new Map<number, () => void>()
  const pending: number[] = []
  const schema: Schema = {
    '~standard': {
      version: 1,
      vendor: 'by hand',
      validate: (value) =>
        new Promise((resolve) => {
          pending.push(value as number)
          waiting.set(value as number, () => {
            pending.splice(pending.indexOf(value as number), 1)
            resolve(
              typeof value === 'number' && value >= 0
                ? { value: value * 10 }
                : { issues: [{ message: 'no number from 0 on' }] },
            )
          })
        }),
    },
  }
  return { schema, pending, pass: (value) => waiting.get(value)?.() }
}
