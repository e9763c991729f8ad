import type { Fate } from '../errors.ts'
import type { SessionOutput } from '../session-io.ts'
import type { ClientMessage } from './client-message.ts'

/** What a client's machine asks for or reports: what `SessionMachine` does, with messages of its own kind. */
export type ClientOutput<Tag> =
  | Exclude<SessionOutput<Tag>, { type: 'handled' | 'failed' | 'recovered' }>
  | { type: 'handled'; messages: ClientMessage<Tag>[] }
  | {
      type: 'failed'
      messages: Array<{ message: ClientMessage<Tag>; fate: Fate }>
      why: string
      tooLarge: boolean
    }
