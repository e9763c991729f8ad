/** What the parent asks of a client's process. */
export type ToClient = {
  type: 'live'
  url: string
  ca: string
  /** Where the journal lies. */
  folder: string
  /** The number of its first message; it goes on from there. */
  from: number
  seed: number
  /** How many messages it sends before it closes and ends by itself; it goes on until it is killed if there is no bound. */
  count: number | undefined
}

/** What a client's process says, as soon as it knows it. */
export type FromClient =
  | { type: 'opened'; restored: number }
  /** It is about to send this message. */
  | { type: 'sending'; number: number }
  /** The journal has said that it holds everything up to this one. */
  | { type: 'stored'; number: number }
  /** The server has acknowledged, or answered, this message. */
  | { type: 'handled'; number: number }
  /** Everything is delivered, and nothing is left in the journal. */
  | { type: 'finished'; clean: boolean; left: number }
  | { type: 'failed'; message: string }

/** The id that a message has in each life of its client. */
export function idOf(number: number): string {
  return `number-${number}`
}

export function numberOf(id: string): number {
  return Number(id.slice('number-'.length))
}
