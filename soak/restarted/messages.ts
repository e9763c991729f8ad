/** What the parent asks of a server's process. */
export type ToServer = {
  type: 'serve'
  /** 0 for any; later lives listen where the first one did. */
  port: number
  key: string
  cert: string
  /** Where the journal lies. */
  folder: string
  seed: number
}

/** What a server's process says. */
export type FromServer =
  | { type: 'listening'; port: number }
  /** A handler is given a message. */
  | { type: 'begun'; id: string; redelivered: boolean }
  | { type: 'failed'; message: string }
