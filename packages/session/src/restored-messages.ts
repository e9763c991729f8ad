import { JournalError, type JournaledMessage } from '@lastword/protocol'
import { Delivery } from './delivery.ts'

/** A message that was sent before the process ended, and is not known to be handled. */
export interface RestoredMessage {
  readonly id: string
  /** Its name in the contract; empty if it has none. */
  readonly name: string
  /**
   * Resolves and rejects as the promise of `send` or `request` would have. Nobody needs to wait for it. The reply to a
   * request comes here too, unless the request had been acknowledged before the process ended.
   */
  readonly done: Promise<unknown>
}

/** The promises of messages whose callers have gone with the process before. */
export class RestoredMessages {
  readonly list: RestoredMessage[] = []
  readonly requests: Delivery[] = []
  readonly #sid: string

  constructor(sid: string) {
    this.#sid = sid
  }

  /** @throws JournalError if what is stored is no message */
  deliveryOf(message: JournaledMessage): Delivery {
    const { ch: name = '', ask, re } = this.#envelopeOf(message)
    let delivery!: Delivery
    const done = new Promise((resolve, reject) => {
      delivery = new Delivery(message.id, name, ask === true, false, resolve, reject)
    })
    done.catch(() => {})
    // What becomes of a reply is told to nobody.
    if (re !== undefined) return delivery
    this.list.push({ id: message.id, name, done })
    if (ask === true) this.requests.push(delivery)
    return delivery
  }

  #envelopeOf({ id, rest }: JournaledMessage): { ch?: string; ask?: boolean; re?: string } {
    try {
      return JSON.parse(`{${rest.slice(1)}`)
    } catch (cause) {
      throw new JournalError('journal-failed', `session ${this.#sid} cannot be read: message ${id} is none`, {
        sessionId: this.#sid,
        remedy: 'Restore what the journal is stored in from a copy, or remove the session from it.',
        cause,
      })
    }
  }
}
