/**
 * What happens around the Answer in each row of the table. Both processes read this one list: the client plays its
 * part of a row, and the server the other one, because the Offer says which row it belongs to.
 */
export interface Row {
  id: RowId
  /** For the table. */
  name: string
  /** For the help text and the report. */
  what: string
  /** Rounds of this row as a share of the base number. */
  share: number
  /** How many rounds run side by side. @default 1 */
  batch?: number
  /** The first so many rounds open the data channel and wait for a message through it. */
  talks?: number
  /** Statistics that the client sends behind its Offer. */
  uploadBytes?: number
  /** Other messages that the server sends in front of the Answer. */
  backlogBytes?: number
  /** Candidates that the server sends in front of the Answer. */
  candidateBytes?: number
  /** A proxy resets the connection when the Answer has gone into it, and not yet out of it. */
  cut?: boolean
  /** How long the client's event loop stands still, in ms, from when its Offer has left. */
  blockMs?: number
  /** How long the server waits for the client before it drops the connection, in ms. */
  patienceMs?: number
  /** The server's process ends when it has answered. */
  exits?: boolean
  /** The client closes while the Answer is under way. */
  closesEarly?: boolean
}

export type RowId = 1 | 2 | 3 | 4 | 5 | 6 | 7

const KiB = 1024
const MiB = 1024 * KiB

export const rows: readonly Row[] = [
  { id: 1, name: 'answer and close', what: 'the server answers and closes at once', share: 1, talks: 10 },
  {
    id: 2,
    name: 'client uploads 4 MiB',
    what: 'the client is still uploading 4 MiB of statistics when the server answers and closes',
    share: 0.25,
    uploadBytes: 4 * MiB,
  },
  {
    id: 3,
    name: 'behind 8 MiB',
    what: 'the Answer stands behind 8 MiB of other messages',
    share: 0.2,
    backlogBytes: 8 * MiB,
  },
  {
    id: 4,
    name: 'proxy resets',
    what: 'a proxy resets the connection when 64 KiB of candidates and the Answer have left the server, and half of it has come through',
    share: 1,
    candidateBytes: 64 * KiB,
    cut: true,
  },
  {
    id: 5,
    name: 'client blocked',
    what: "the client's event loop stands still for 500 ms when the Answer comes behind 4 MiB; the server's patience is 250 ms",
    share: 0.25,
    batch: 5,
    backlogBytes: 4 * MiB,
    blockMs: 500,
    patienceMs: 250,
  },
  {
    id: 6,
    name: 'server exits',
    what: 'the server process ends right after it has answered, behind 64 KiB of candidates',
    share: 0.12,
    candidateBytes: 64 * KiB,
    exits: true,
  },
  {
    id: 7,
    name: 'client closes first',
    what: 'the client has nothing more to say and closes while the Answer is under way',
    share: 1,
    closesEarly: true,
  },
]

/** Few rounds say little, however small the base number is. */
const roundsMin = 3

export function rowById(id: number): Row {
  const row = rows.find((candidate) => candidate.id === id)
  if (row === undefined) throw new Error(`there is no row ${id}`)
  return row
}

export function roundsOf(row: Row, base: number): number {
  return Math.max(Math.min(roundsMin, base), Math.round(base * row.share))
}
