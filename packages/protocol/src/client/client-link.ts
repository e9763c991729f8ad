import type { LinkId } from '../session-io.ts'

/** One link, as the client's machine sees it. */
export interface ClientLink {
  readonly id: LinkId
  readonly number: number
  /** True once `welcome` has come on it. */
  attached: boolean
  /** True if messages may be transmitted: on a fresh session at once, else after `welcome`. */
  streaming: boolean
  /** True if `fin` was transmitted on it behind the acknowledgement of everything that the server will ever send. */
  finAfterAll?: boolean
  /** True if a ping was not answered in time, and was said again because this side may have been frozen. */
  doubted?: boolean
}
