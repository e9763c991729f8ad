import { unlessAborted, withDeadline } from './deadline.ts'
import type { ContenderResult, WorkloadResult } from './results.ts'
import type { Contender, Workload } from './types.ts'

/** How long one sample, or what has to be started for it, may take, in ms. */
const sampleMs = 120_000
/** How long a contender may take to end its processes, in ms. */
const stopMs = 30_000

export interface RunEvents {
  /** Before each sample; round 0 is the warm-up. */
  sample(contender: Contender, round: number): void
  failed(contender: string, why: string): void
}

/**
 * Does the work of one workload: each contender once to warm up, then rounds in each of which every contender works once, in
 * an order that moves on by one from round to round. Always resolves: with what there is when `signal` is aborted, and
 * without the contenders that failed.
 */
export async function runWorkload(
  workload: Workload,
  rounds: number,
  signal: AbortSignal,
  events: RunEvents,
): Promise<WorkloadResult> {
  const result: WorkloadResult = { workload, contenders: [], notes: [] }
  const note = (text: string) => {
    if (!result.notes.includes(text)) result.notes.push(text)
  }
  const starting = workload.start(signal, note)
  let contenders: readonly Contender[]
  try {
    contenders = await unlessAborted(withDeadline(starting, sampleMs, 'the contenders to start'), signal)
  } catch (error) {
    // What has started after all must not stay.
    starting.then(stopAll, () => {})
    if (!signal.aborted) {
      result.failure = messageOf(error)
      events.failed(workload.id, result.failure)
    }
    return result
  }
  for (const { id, label } of contenders) result.contenders.push({ id, label, samples: [] })
  try {
    for (let round = 0; round <= rounds && !signal.aborted; round++)
      await runRound(contenders, result.contenders, round, signal, events)
  } finally {
    await stopAll(contenders)
  }
  return result
}

/** The order of `count` contenders in a round, by index: whoever comes after a greedy neighbour is not always the same. */
export function orderOf(count: number, round: number): number[] {
  return Array.from({ length: count }, (_, place) => (place + round) % count)
}

async function runRound(
  contenders: readonly Contender[],
  results: readonly ContenderResult[],
  round: number,
  signal: AbortSignal,
  events: RunEvents,
): Promise<void> {
  for (const index of orderOf(contenders.length, round)) {
    const contender = contenders[index]
    const result = results[index]
    if (contender === undefined || result === undefined || result.failure !== undefined) continue
    if (signal.aborted) return
    events.sample(contender, round)
    try {
      const working = withDeadline(contender.sample(signal), sampleMs, `a sample of ${contender.id}`)
      const sample = await unlessAborted(working, signal)
      if (round > 0) result.samples[round - 1] = sample
    } catch (error) {
      // What an interrupt did to a sample is not the contender's own.
      if (signal.aborted) return
      result.failure = messageOf(error)
      events.failed(contender.id, result.failure)
      await stopAll([contender])
    }
  }
}

/** Never rejects: a contender that cannot be ended holds up nobody's results. */
async function stopAll(contenders: readonly Contender[]): Promise<void> {
  await Promise.all(
    contenders.map((contender) =>
      withDeadline(contender.stop(), stopMs, `${contender.id} to end`).catch(() => {}),
    ),
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
