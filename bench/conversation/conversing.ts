import { nowMs } from '../harness/now.ts'
import type { Address } from '../stacks/listen.ts'

/** Where to have conversations, and how. */
export interface Conversation {
  readonly address: Address
  /** lastword: whether the first frame may travel in the upgrade request. */
  readonly early?: boolean
}

export interface Conversations extends Conversation {
  readonly count: number
  /** How many are had at once. */
  readonly parallel: number
}

/** What a server is to do. */
export interface Serving {
  readonly tls: { readonly key: string; readonly cert: string } | undefined
  /** Who ends each conversation: the server right behind its answer, or the client when it has that. */
  readonly closer: 'client' | 'server'
}

/** Connects, asks, calls `onAnswer` with the answer, closes if that is the client's part, and resolves when it is over. */
export type Converse = (
  what: Conversation & Pick<Serving, 'closer'>,
  onAnswer: () => void,
) => Promise<unknown>

/** The commands of a server whose stack is not told whether its client has handled anything. */
export const neverKnows = { known: (): number | undefined => undefined }

/** The commands of a client. */
export function conversing(converse: Converse) {
  return {
    /** Resolves with when it began and when the answer was there, in ms. */
    async one(what: Conversation): Promise<{ startedMs: number; answeredMs: number }> {
      const startedMs = nowMs()
      let answeredMs = Number.NaN
      await converse({ ...what, closer: 'server' }, () => {
        answeredMs = nowMs()
      })
      return { startedMs, answeredMs }
    },
    /** Resolves with how long they took, in seconds. */
    async many({ count, parallel, ...what }: Conversations): Promise<number> {
      const startedMs = nowMs()
      let begun = 0
      let answered = 0
      const lane = async () => {
        while (begun < count) {
          begun++
          await converse({ ...what, closer: 'client' }, () => answered++)
        }
      }
      await Promise.all(Array.from({ length: parallel }, lane))
      if (answered !== count) throw new Error(`${answered} of ${count} conversations had an answer`)
      return (nowMs() - startedMs) / 1000
    },
  }
}
