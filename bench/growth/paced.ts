import { setTimeout as pause } from 'node:timers/promises'
import type { Pace } from './work.ts'

const tickMs = 1
/**
 * How many messages may go out in one turn. With ten connections each has one of them at most, so that with any number of
 * connections a message is alone in its frame.
 */
const turnMax = 10

/**
 * Sends at a fixed rate, and resolves when all messages are acknowledged, or have left.
 *
 * @param send sends a message on the n-th connection of those that there are, counted round and round
 */
export async function paced(
  { count, perSecond }: Pace,
  send: (n: number) => Promise<unknown>,
): Promise<void> {
  const under: Promise<unknown>[] = []
  const startedAt = performance.now()
  for (let sent = 0; sent < count; ) {
    const due = Math.floor(((performance.now() - startedAt) * perSecond) / 1000)
    for (const end = Math.min(count, due, sent + turnMax); sent < end; sent++) under.push(send(sent))
    await pause(tickMs)
  }
  await Promise.all(under)
}
