import { firstNumber, nowMs } from '../throughput/work.ts'

/** What a client is to do. */
export interface AskWork {
  readonly count: number
  /** How many requests wait for their replies at once. */
  readonly outstanding: number
}

/** How long the replies took. */
export interface Asked {
  readonly seconds: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/** 64 bytes as JSON, with the number's seven digits. */
const text = 'one short line that asks for an answer.......'
export interface Question {
  readonly n: number
  readonly text: string
}

/**
 * Keeps as many requests waiting as the work says: the next one is asked as soon as one is answered. Resolves when all are;
 * rejects with the first failure, and for an answer that is not the question's own.
 *
 * @param ask calls `onReply` with the answer, parsed, or `onFailure`
 */
export function askAll(
  { count, outstanding }: AskWork,
  ask: (question: Question, onReply: (reply: unknown) => void, onFailure: (error: unknown) => void) => void,
): Promise<Asked> {
  const tookMs = new Float64Array(count)
  return new Promise((resolve, reject) => {
    let asked = 0
    let answered = 0
    const next = () => {
      const number = asked++
      const n = firstNumber + number
      const askedMs = performance.now()
      const onReply = (reply: unknown) => {
        tookMs[number] = performance.now() - askedMs
        answered += 1
        if ((reply as Question | null)?.n !== n)
          reject(new Error(`the answer to ${n} was ${JSON.stringify(reply)}`))
        else if (asked < count) next()
        else if (answered === count) resolve(askedOf(tookMs, startedMs))
      }
      ask({ n, text }, onReply, reject)
    }
    const startedMs = nowMs()
    while (asked < Math.min(count, outstanding)) next()
  })
}

function askedOf(tookMs: Float64Array, startedMs: number): Asked {
  const seconds = (nowMs() - startedMs) / 1000
  tookMs.sort()
  const at = (share: number) => tookMs[Math.min(tookMs.length - 1, Math.ceil(tookMs.length * share) - 1)] ?? 0
  return { seconds, p50Ms: at(0.5), p99Ms: at(0.99) }
}
