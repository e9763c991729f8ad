/** To a server's process. */
export interface ToServer {
  type: 'serve'
  /** Which of the servers that come one after the other. */
  number: number
  /** That of the one before it; 0 for any. */
  port: number
  key: string
  cert: string
  /** The file of the log. */
  log: string
}

export type FromServer =
  | { type: 'listening'; port: number }
  /** A message has been handled. */
  | { type: 'handled' }
  | { type: 'failed'; message: string }
