import type { Address } from '../stacks/listen.ts'

/** What a process with clients is to do. */
export interface Crowd {
  readonly address: Address
  readonly count: number
  /** Whether each connection is to carry one message there and back before it is idle. */
  readonly used: boolean
}

/** How many connections are being opened at once. */
const atOnce = 20
/** What is open must not be collected, nor what was opened to warm up. */
const kept: unknown[] = []

/** Opens them, and keeps them. Rejects with the first failure. */
export async function openAll({ address, count, used }: Crowd, open: Open): Promise<void> {
  let begun = 0
  const lane = async () => {
    while (begun < count) {
      begun += 1
      kept.push(await open(address, used))
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

/** Opens one connection. `used`: has it carry `greeting` there and back. */
export type Open = (address: Address, used: boolean) => Promise<unknown>

export const greeting = { hello: 'there' }
