import type { CloseReport, Fate } from '@lastword/protocol'
import type { Outgoing } from './delivery.ts'
import { lostMessage } from './lost-session.ts'
import type { SessionOwner } from './session-owner.ts'

/** What nobody has acknowledged when a session ends, in case that it is lost and its owner wants to know. */
export class LostMessages {
  readonly #onLost: NonNullable<SessionOwner['onLost']>
  #messages: Array<{ message: Outgoing; fate: Fate }> = []
  /** Settles when the application has seen to the messages of a session that is lost; rejects if it could not. */
  told: Promise<unknown> | undefined

  constructor(onLost: NonNullable<SessionOwner['onLost']>) {
    this.#onLost = onLost
  }

  /** What was given up before is not missed. Nothing is parsed before it is known that the session is lost. */
  note(message: Outgoing, fate: Fate): void {
    if (!message.tag.givenUp) this.#messages.push({ message, fate })
  }

  tell(report: CloseReport): void {
    const lost = this.#messages.map(({ message, fate }) => lostMessage(message, fate))
    this.told = this.#onLost(
      report,
      lost.filter((message) => message !== undefined),
    )
  }

  /** The end has been told: nothing is kept for it. */
  forget(): void {
    this.#messages = []
  }
}
