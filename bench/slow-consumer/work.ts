/** How many messages the consumer handles in a second. */
export const perSecond = 2_000

/** Of each message, as JSON. */
export const messageBytes = 16_384

/** How many messages a sender that waits for nothing hands over in one turn of its event loop. */
const turn = 64

const text = 'the last message arrives '
  .repeat(messageBytes)
  .slice(0, messageBytes - '{"n":1000000,"text":""}'.length)

export function messageOf(n: number): { n: number; text: string } {
  return { n: 1_000_000 + n, text }
}

/** Sends so many messages as fast as it may: a turn full, then what the event loop has to do, and so on. */
export async function pushAll(count: number, push: (n: number) => void): Promise<void> {
  for (let n = 0; n < count; ) {
    for (const end = Math.min(count, n + turn); n < end; n++) push(n)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
