/**
 * What happens around an Answer. The page and its server read this one list: each side plays its part of a
 * situation, over a bare WebSocket and over lastword alike.
 */
export interface Situation {
  id: SituationId
  /** What its button says. */
  name: string
  /** What happens, for whoever looks at the page. */
  what: string
  /** The size of each message of statistics that the page sends behind its Offer, in bytes. */
  statisticsBytes: number
}

export type SituationId = 'call' | 'cut' | 'block' | 'client-closes' | 'server-closes' | 'reload'

const KiB = 1024

export const situations: readonly Situation[] = [
  {
    id: 'call',
    name: 'Call',
    what: 'The server answers and disconnects at once, while the page is still sending 4\u00a0MiB of statistics.',
    statisticsBytes: 256 * KiB,
  },
  {
    id: 'cut',
    name: 'Cut the link',
    what: 'The connection is reset when the Offer has arrived, before the Answer leaves.',
    statisticsBytes: 2 * KiB,
  },
  {
    id: 'block',
    name: 'Block the server',
    what: 'The server stands still for 2\u00a0s. The page closes after half a second, so that the Answer meets the close.',
    statisticsBytes: 2 * KiB,
  },
  {
    id: 'client-closes',
    name: 'Close from the client',
    what: 'The page has nothing more to say, and closes right behind its Offer.',
    statisticsBytes: 2 * KiB,
  },
  {
    id: 'server-closes',
    name: 'Close from the server',
    what: 'The server closes when the Offer arrives; its Answer is ready a moment later.',
    statisticsBytes: 2 * KiB,
  },
  {
    id: 'reload',
    name: 'Reload the tab',
    what: 'The connection is reset, the page goes on sending, and the tab is reloaded before there is another one.',
    statisticsBytes: 2 * KiB,
  },
]

/** How many messages of statistics follow each Offer. All of them together have to fit what a leaving page may send. */
export const statisticsCount = 16

/** How long the server stands still, in ms, and after how long the page has waited enough. */
export const blockedMs = 2_000
export const patienceMs = 500

export function situationById(id: string | null): Situation | undefined {
  return situations.find((situation) => situation.id === id)
}
