import type { Contract } from '@lastword/protocol'
import type { ClientMachine } from '@lastword/protocol/client'
import type { SessionEvents } from '@lastword/session'
import type { PageConnectOptions } from './connect-options.ts'
import type { Tag } from './outgoing.ts'

/** What the parts of one session share. */
export interface Core {
  readonly sid: string
  readonly options: PageConnectOptions
  readonly contract: Contract | undefined
  readonly machine: ClientMachine<Tag>
  /** This side has begun to close: no further message is taken. */
  closing: boolean
  /** `fin` has been asked for: no reply goes out any more either. */
  finAsked: boolean
  /** The peer has said its last. */
  peerFin: boolean
  /** What made this side give the session up, for whatever is rejected with it. */
  cause: unknown
  /** Something has changed: it is looked at, and what waits is sent, at the end of this turn of the event loop. */
  changed(): void
  giveUp(reason: string, cause?: unknown, code?: 'aborted' | 'unhandled'): void
  /** False if nobody listens. */
  emit<E extends keyof SessionEvents>(event: E, value: SessionEvents[E]): boolean
  tellError(error: unknown): void
}

export const now = (): number => performance.now()
