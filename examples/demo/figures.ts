import type { RowId } from './rows.ts'
import type { StackId } from './stack-list.ts'

/** How one round ended, as its client saw it. */
export interface RoundOutcome {
  /** From the Offer being ready to the Answer in the application's hands; absent if it never came. */
  latencyMs?: number
  /** In a round that tries the data channel: whether its message came. */
  talked?: boolean
  /** True if the Answer came, and the stack says that its close was not clean. */
  unclean?: boolean
  /** Why there was no Answer, as far as the client can tell. */
  lostBecause?: string
}

/** The figures of one row with one stack. */
export interface Cell {
  row: RowId
  stack: StackId
  /** Rounds that ran. */
  rounds: number
  answers: number
  lostPercent: number
  /** Null if there was no Answer at all. */
  medianMs: number | null
  p99Ms: number | null
  /** Rounds that tried the data channel, and those in which its message came. */
  channelsTried: number
  channelsTalked: number
  /** Rounds with an Answer whose close was not clean, as far as the stack can tell. */
  uncleanCloses: number
  /** Reasons for lost Answers, with how often each was given. */
  reasons: Record<string, number>
  /** Connections that the proxy reset, in the row that has one. */
  cuts?: number
  /** Why the cell was given up before its last round. */
  failure?: string
}

export function cellOf(
  row: RowId,
  stack: StackId,
  outcomes: readonly RoundOutcome[],
  failure?: string,
): Cell {
  const latencies = outcomes.flatMap(({ latencyMs }) => (latencyMs === undefined ? [] : [latencyMs]))
  const tried = outcomes.filter(({ talked }) => talked !== undefined)
  const reasons: Record<string, number> = {}
  for (const { latencyMs, lostBecause } of outcomes) {
    if (latencyMs !== undefined) continue
    const reason = lostBecause ?? 'no reason given'
    reasons[reason] = (reasons[reason] ?? 0) + 1
  }
  const rounds = outcomes.length
  return {
    row,
    stack,
    rounds,
    answers: latencies.length,
    lostPercent: rounds === 0 ? 0 : ((rounds - latencies.length) / rounds) * 100,
    medianMs: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
    channelsTried: tried.length,
    channelsTalked: tried.filter(({ talked }) => talked).length,
    uncleanCloses: outcomes.filter(({ unclean }) => unclean).length,
    reasons,
    ...(failure === undefined ? {} : { failure }),
  }
}

/** The nearest-rank percentile: the smallest value that at least `percent` of all values do not exceed. */
export function percentile(values: readonly number[], percent: number): number | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length))
  return sorted[rank - 1] ?? null
}

/** True if lastword delivered every Answer, in every row that was asked for, and every data channel talked. */
export function lastwordLostNothing(cells: readonly Cell[], rowsAsked: readonly RowId[]): boolean {
  return rowsAsked.every((row) => {
    const cell = cells.find((candidate) => candidate.row === row && candidate.stack === 'lastword')
    return (
      cell !== undefined &&
      cell.failure === undefined &&
      cell.rounds > 0 &&
      cell.answers === cell.rounds &&
      cell.channelsTalked === cell.channelsTried
    )
  })
}

export function formatPercent(percent: number): string {
  if (percent === 0) return '0'
  if (percent === 100) return '100'
  // Neither a single lost Answer nor a single delivered one must be rounded away.
  if (percent < 0.1) return '<0.1'
  return percent > 99.9 ? '>99.9' : percent.toFixed(1)
}

export function formatMs(ms: number | null): string {
  if (ms === null) return '-'
  return ms < 100 ? ms.toFixed(1) : ms.toFixed(0)
}
