import type { Cell, Scheme } from './matrix.ts'
import type { RoundOutcome } from './outcome.ts'
import type { StackId } from './stacks.ts'

/** What goes between the process that directs the race and its children. */

export type Ports = Record<Scheme, number>

export interface StartServer {
  type: 'start'
  key: string
  cert: string
  /** Where to listen; anywhere if it is left out. */
  ports?: Ports
  /** True for a server in the place of one that was killed: it answers at once, ends no connection by force, and lives. */
  successor?: boolean
}

export type FromServer =
  | { type: 'listening'; ports: Ports }
  | { type: 'failed'; message: string }
  /** lastword: how the server's side of a session ended. */
  | { type: 'report'; round: number; clean: boolean }
  /** lastword: a request was given out a second time. */
  | { type: 'asked-twice'; round: number }

export interface PlayWave {
  type: 'play'
  cell: Cell
  stack: StackId
  /** Rounds that run side by side, each with the port that it connects to. */
  rounds: { round: number; port: number }[]
  /** How many rounds the server waits for before it answers them all; 1 for those of a server that lives on. */
  batch: number
  ca: string
}

export type ToClient =
  | PlayWave
  /** Connect and do nothing else until the next message: what the opening of a connection takes is measured. */
  | { type: 'probe'; url: string; ca: string; protocols: string[] }
  | { type: 'probed' }

export type FromClient =
  | { type: 'ready' }
  | { type: 'outcome'; outcome: RoundOutcome }
  | { type: 'played' }
  | { type: 'opened' }
  | { type: 'failed'; message: string }
