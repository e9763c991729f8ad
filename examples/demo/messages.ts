import type { TraceEvent } from '@lastword/sdk'
import type { RoundOutcome } from './figures.ts'
import type { RowId } from './rows.ts'
import type { ServerPolicy, StackId } from './stack-list.ts'

/** What goes between the process that directs the demo and its children. */

export interface StartServer {
  type: 'start-server'
  policy: ServerPolicy
  key: string
  cert: string
  /** How long a bare server waits for its client before it drops the connection, in ms. Absent: as the library has it. */
  patienceMs?: number
}

export type FromServer = { type: 'listening'; port: number } | { type: 'failed'; message: string }

export type ToClient =
  | { type: 'run-cell'; row: RowId; stack: StackId; port: number; rounds: number; ca: string; trace: boolean }
  | { type: 'given'; id: number; port: number }

export type FromClient =
  | { type: 'ready'; platform: string }
  | { type: 'round'; outcome: RoundOutcome }
  | { type: 'cell-done' }
  | { type: 'cell-failed'; message: string }
  | { type: 'trace'; events: TraceEvent[] }
  /** Asks for a server of its own, or for the next connection through the proxy to be cut; answered by `given`. */
  | { type: 'need'; id: number; what: 'server' | 'cut' }
