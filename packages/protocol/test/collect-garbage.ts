import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

let collect: (() => void) | undefined

/**
 * Frees everything that nothing refers to, and resolves when it is gone from every WeakRef. What this turn of the event
 * loop has looked at through a WeakRef is kept until its end, so that it begins with another one.
 */
export async function collectGarbage(): Promise<void> {
  if (collect === undefined) {
    setFlagsFromString('--expose-gc')
    collect = runInNewContext('gc') as () => void
  }
  await new Promise((resolve) => setImmediate(resolve))
  collect()
}
