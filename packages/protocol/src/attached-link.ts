import type { LinkId } from './session-io.ts'

/**
 * The current link, as the machine sees it. A class, as all that a session holds for long: V8 makes what an object literal
 * stands for old from the start where most of the first ones lived long, and such an object goes only with a full collection.
 */
export class AttachedLink {
  readonly id: LinkId
  /** Its number, as `hello` counts the client's links. */
  readonly number: number
  /** True once `welcome` has been received or sent on it. */
  attached: boolean
  /** True if messages may be transmitted: on a fresh session at once, else after `welcome`. */
  streaming: boolean
  /** True if `fin` was transmitted on it behind the acknowledgement of everything that the peer will ever send. */
  finAfterAll = false
  /** Client: when `hello` was sent, if that is known. */
  helloAt: number | undefined
  /** Server: the `ping` behind the `welcome` of a resumed session, until it is answered. */
  proof: number | undefined

  constructor(id: LinkId, number: number, attached: boolean, streaming: boolean) {
    this.id = id
    this.number = number
    this.attached = attached
    this.streaming = streaming
  }
}
