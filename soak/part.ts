/** How a cut ends a connection, of those that the proxy knows. */
export const cutWays = ['reset', 'end'] as const
export type CutWay = (typeof cutWays)[number]

/** Whose bytes are counted: what the client sends, or what the server sends. */
export const sides = ['client', 'server'] as const
export type Side = (typeof sides)[number]

/** How the short conversation goes that is cut. */
export const shapes = ['burst', 'steps'] as const
export type Shape = (typeof shapes)[number]

/** Narrows a part to the runs that somebody wants to see again. */
export interface Replay {
  seed?: number
  at?: number
  side?: Side
  how?: CutWay
  links?: number
  shape?: Shape
}

/** What a part is told. */
export interface PartOptions {
  /** The slice that `npm test` runs. */
  short: boolean
  replay: Replay
  /** Aborted by Ctrl-C: the part ends what it started and rejects. */
  signal: AbortSignal
  /** Says how far the part is. */
  progress(done: number, total: number, what: string): void
  /** Writes lines that are to stay. */
  log(text: string): void
}

/** One thing that the soak proves. */
export interface Part {
  /** What `--only` calls it. */
  name: string
  description: string
  /** True: the slice is without it. */
  wholeOnly?: true
  /**
   * Resolves with one line that has its figures. Rejects if a promise was broken, with what was expected, what came
   * instead and the command that repeats it.
   */
  run(options: PartOptions): Promise<string>
}
