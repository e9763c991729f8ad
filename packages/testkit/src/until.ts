export interface UntilOptions {
  /** What is waited for, as it should read behind "waited … ms for". */
  what: string
  /** How long to wait before giving up, in ms. @default 20000 */
  timeoutMs?: number
}

/**
 * Waits until `condition` gives something truthy, and resolves with that. Asks at every turn of the event loop
 * at first and every 2 ms later, so a test goes on as soon as it can and never sleeps for a guessed time.
 * Rejects with a message that names `what` once `timeoutMs` have passed, and with whatever `condition` throws.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  { what, timeoutMs = 20_000 }: UntilOptions,
): Promise<Exclude<T, false | 0 | '' | null | undefined>> {
  const deadline = performance.now() + timeoutMs
  for (let asked = 1; ; asked += 1) {
    const value = await condition()
    if (value) return value as Exclude<T, false | 0 | '' | null | undefined>
    if (performance.now() >= deadline) throw new Error(`waited ${timeoutMs} ms for ${what}, in vain`)
    await (asked <= 100 ? nextTurn() : new Promise((resolve) => setTimeout(resolve, 2)))
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
