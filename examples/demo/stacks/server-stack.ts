import type { Server } from 'node:https'

/** Puts one kind of signaling server onto an HTTPS server. */
export type ServerStack = (server: Server, options: ServerOptions) => void

export interface ServerOptions {
  /** How long the server waits for its client before it drops the connection, in ms. Absent: as the library has it. */
  patienceMs?: number
}

/** How long the server keeps a peer connection whose data channel is tried, in ms. */
export const peerKeptMs = 10_000
