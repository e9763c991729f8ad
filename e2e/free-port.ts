import { createServer } from 'node:net'
import { listen } from '@lastword/testkit'

/** A port of 127.0.0.1 that was free a moment ago, for programs that cannot choose one and say which. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return port
}
