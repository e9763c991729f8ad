import type { LinkId } from './session-io.ts'

/** The current link, as the machine sees it. */
export interface AttachedLink {
  readonly id: LinkId
  /** Its number, as `hello` counts the client's links. */
  readonly number: number
  /** True once `welcome` has been received or sent on it. */
  attached: boolean
  /** True if messages may be transmitted: on a fresh session at once, else after `welcome`. */
  streaming: boolean
  /** True if `fin` was transmitted on it behind the acknowledgement of everything that the peer will ever send. */
  finAfterAll: boolean
  /** Client: when `hello` was sent, if that is known. */
  helloAt?: number
  /** Server: the `ping` behind the `welcome` of a resumed session, until it is answered. */
  proof?: number
}
