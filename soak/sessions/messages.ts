/** What the connections are: sessions of lastword, or WebSockets and nothing else, to compare with. */
export type Kind = 'sessions' | 'bare'

/** To the server's process. */
export type ToServer =
  | { type: 'serve'; kind: Kind; key: string; cert: string }
  /** Resets every connection. */
  | { type: 'cut' }
  | { type: 'look' }

export type FromServer =
  | { type: 'listening'; port: number }
  | { type: 'cut' }
  | { type: 'seen'; sight: Sight }
  | { type: 'failed'; message: string }

/** What the server has, at one moment. Sizes in bytes. */
export interface Sight {
  /** After a full collection of garbage. */
  memory: { resident: number; heap: number }
  /** Connections. */
  links: number
  /** Sessions that were ever made, that have no link now, that were resumed, and that ended clean or not. */
  made: number
  parked: number
  resumed: number
  clean: number
  unclean: number
}

/** To a process with clients; they do one after the other, and say when all of theirs have. */
export type ToClients =
  | { type: 'open'; kind: Kind; port: number; ca: string; count: number }
  /** Waits until each has noticed that its link is lost. */
  | { type: 'notice' }
  | { type: 'resume' }
  | { type: 'close' }

export type FromClients =
  | { type: 'step'; done: number }
  | { type: 'did'; what: ToClients['type'] }
  | { type: 'failed'; message: string }
