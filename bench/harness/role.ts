/**
 * What a process of the bench can be told to do: by name, each with at most one argument, resolving with what goes back.
 * Arguments and results cross between processes, so they are plain data (typed arrays too).
 */
export type Commands = Readonly<Record<string, (argument: never) => unknown>>

export interface CommandRequest {
  readonly id: number
  readonly command: string
  readonly argument: unknown
}

export type CommandReply =
  | { readonly type: 'ready' }
  | { readonly type: 'result'; readonly id: number; readonly result: unknown }
  | { readonly type: 'error'; readonly id: number | undefined; readonly message: string }

/** Every process of the bench can be told these besides its role's own. */
export interface Usage {
  /** Processor time of the whole process since it began, in seconds. */
  readonly cpuSeconds: number
  readonly rssBytes: number
  readonly heapUsedBytes: number
  /** The greatest resident memory so far, in bytes. */
  readonly peakRssBytes: number
}
