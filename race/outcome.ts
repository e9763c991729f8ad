import type { TraceEvent } from '@lastword/sdk'

/** How one round ended, as its client saw it. */
export interface RoundOutcome {
  round: number
  /** True if the client's application got the whole answer. */
  delivered: boolean
  /** Why there was no answer, as far as the client can tell. */
  why?: string
  /** The client was told the truth about an answer that nobody can deliver any more: its server was killed. */
  honest?: boolean
  /** Something that was reported and is not so. */
  falseReport?: string
  /** True if there was an answer, and the session's close was not clean. */
  unclean?: boolean
  /** Of a lastword round that was lost: what its client saw. */
  trace?: TraceEvent[]
}

/** The figures of one cell with one stack. */
export interface Tally {
  rounds: number
  lost: number
  /** Answers that were lost with their server, and whose clients were told so. */
  honest: number
  falseReports: number
  unclean: number
  /** Connections that the proxy hurt. */
  cuts: number
  /** Why answers were lost or reports were false, with how often each was given. */
  reasons: Record<string, number>
  /** What the client of the first lost round saw. */
  trace?: TraceEvent[]
  /** Why the cell was given up before its last round. */
  failure?: string
}

export function tallyOf(outcomes: readonly RoundOutcome[], cuts = 0, failure?: string): Tally {
  const reasons: Record<string, number> = {}
  const lost = outcomes.filter(({ delivered, honest }) => !delivered && !honest)
  const falsehoods = outcomes.filter(({ falseReport }) => falseReport !== undefined)
  for (const reason of [
    ...lost.map(({ why }) => why ?? 'no reason given'),
    ...falsehoods.map(({ falseReport }) => `false report: ${falseReport}`),
  ]) {
    const known = reason.replace(messageId, 'N')
    reasons[known] = (reasons[known] ?? 0) + 1
  }
  const trace = [...lost, ...falsehoods].find((outcome) => outcome.trace !== undefined)?.trace
  return {
    rounds: outcomes.length,
    lost: lost.length,
    honest: outcomes.filter(({ delivered, honest }) => !delivered && honest).length,
    falseReports: falsehoods.length,
    unclean: outcomes.filter(({ unclean }) => unclean).length,
    cuts,
    reasons,
    ...(trace === undefined ? {} : { trace }),
    ...(failure === undefined ? {} : { failure }),
  }
}

/** Reasons that differ in nothing else are one. */
const messageId = /[\w-]{10}\.\d+/g
