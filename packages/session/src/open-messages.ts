import type { IncomingMessage } from './incoming-message.ts'

/**
 * Messages that were received and are not handled, in the order in which they came. A list through the messages
 * themselves: it takes nothing while there are none, and no hashing to keep them. Ids would not do: they are the
 * sender's, who may use one twice.
 */
export class OpenMessages {
  count = 0
  #first: IncomingMessage | undefined
  #last: IncomingMessage | undefined
  /** The requests among them by id, from the first question for one on: only who cancels asks. */
  #requests: Map<string, IncomingMessage> | undefined

  add(message: IncomingMessage): void {
    this.count++
    message.open = true
    message.openBefore = this.#last
    if (this.#last === undefined) this.#first = message
    else this.#last.openAfter = message
    this.#last = message
    if (message.isRequest) this.#requests?.set(message.id, message)
  }

  /** False if it is not one of them. */
  remove(message: IncomingMessage): boolean {
    if (!message.open) return false
    this.count--
    message.open = false
    const { openBefore, openAfter } = message
    if (openBefore === undefined) this.#first = openAfter
    else openBefore.openAfter = openAfter
    if (openAfter === undefined) this.#last = openBefore
    else openAfter.openBefore = openBefore
    message.openBefore = undefined
    message.openAfter = undefined
    if (this.#requests?.get(message.id) === message) this.#requests.delete(message.id)
    return true
  }

  /** All of them, as they are now. */
  all(): IncomingMessage[] {
    const messages: IncomingMessage[] = []
    for (let message = this.#first; message !== undefined; message = message.openAfter) messages.push(message)
    return messages
  }

  /** The latest request with this id. */
  request(id: string): IncomingMessage | undefined {
    if (this.#requests === undefined) {
      this.#requests = new Map()
      for (const message of this.all()) if (message.isRequest) this.#requests.set(message.id, message)
    }
    return this.#requests.get(id)
  }

  clear(): void {
    for (const message of this.all()) this.remove(message)
  }
}
