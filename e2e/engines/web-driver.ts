import { commandDeadlineMs } from './engine.ts'

/** Sends one command of W3C WebDriver and resolves with its value. Rejects with what the driver says. */
// biome-ignore lint/suspicious/noExplicitAny: each command has its own value, as the standard says.
export async function webDriver(url: string, method: string, body?: object): Promise<any> {
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(commandDeadlineMs),
    ...(body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  }).catch((cause: unknown) => {
    throw new Error(`${method} ${url}: no answer from the driver in ${commandDeadlineMs} ms, or no driver`, {
      cause,
    })
  })
  const { value } = (await response.json()) as { value: { error?: string; message?: string } }
  if (!response.ok) throw new Error(`${method} ${url}: ${value.error}: ${value.message}`)
  return value
}
