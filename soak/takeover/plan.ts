import { Random } from '../../packages/protocol/test/sim/random.ts'

/** A busy session whose client moves to another link, again and again. */
export interface TakeoverRun {
  seed: number
  /** Messages and requests that each side sends. */
  messages: number
  requests: number
  /** After how many things handled, on both sides together, the link is left. */
  leaveAt: number[]
  /** Delay of each direction of the links, in ms, one after the other, and again from the first. */
  delaysMs: { toServer: number; toClient: number }[]
  early: boolean
}

export function planTakeover(seed: number): TakeoverRun {
  const random = new Random(seed)
  const messages = random.int(200, 500)
  const requests = random.int(100, 300)
  const moves = random.int(3, 8)
  return {
    seed,
    messages,
    requests,
    leaveAt: Array.from({ length: moves }, () => random.int(1, 2 * (messages + requests) - 1)).sort(
      (a, b) => a - b,
    ),
    delaysMs: Array.from({ length: 9 }, () => ({ toServer: delayMs(random), toClient: delayMs(random) })),
    early: random.chance(0.5),
  }
}

export function commandOf({ seed }: TakeoverRun): string {
  return `npm run soak -- --only takeover --seed ${seed}`
}

/** Often none; sometimes longer than a handshake, so that frames of the old link arrive behind the takeover. */
function delayMs(random: Random): number {
  return random.chance(0.4) ? 0 : random.int(1, 40)
}
