import type { CutRun, Lengths } from './plan.ts'

/** To a process that plays. */
export type ToPlayer = { type: 'measure' } | { type: 'play'; runs: CutRun[] }

/** How a run went. */
export interface CutOutcome {
  run: CutRun
  /** How many links came to the byte after which they are cut. */
  cuts: number
  /** Connections that were made. */
  links: number
  ms: number
  /** What was broken, with the trace of both sides. */
  broken?: string
}

export type FromPlayer =
  | { type: 'measured'; lengths: Lengths }
  | { type: 'outcome'; outcome: CutOutcome }
  | { type: 'played' }
  | { type: 'failed'; message: string }
