/** Choices of cells that have a name. */
export interface Slice {
  /** For the help text. */
  what: string
  only: readonly string[]
  /** Rounds of each cell, unless `--n` says otherwise. */
  rounds: number
}

export const slices: Record<string, Slice> = {
  all: { what: 'the whole matrix', only: ['*'], rounds: 50 },
  ci: {
    what: 'a few cells that stand for the others, for npm test',
    only: [
      'ws,wss/3KiB/close,kill/quiet,reset-after',
      'wss/64KiB/terminate,end,destroy/quiet,reset-before,truncate,half-close-*',
      'wss/64KiB/exit/quiet,reset-mid',
      'ws,wss/1MiB/close,terminate,timeout/upload,blocked,paused,reset-mid',
      'wss/1MiB/close,timeout/trickle',
      'ws/8MiB/terminate,exit/quiet',
    ],
    rounds: 3,
  },
}
