import {
  type CloseReport,
  connect,
  DeliveryError,
  type Fate,
  type Session,
  SessionClosedError,
} from '@lastword/sdk'

/** What became of a message, as its promise told. `no-reply`: a request that was handled, and whose reply is lost. */
export type Told = 'handled' | Fate | 'no-reply'

/** A client that goes on sending whatever happens to the server. */
export class Talker {
  /** By the message's id, in the order in which they were sent. */
  readonly told = new Map<string, Told>()
  readonly session: Session
  readonly #count: number
  readonly #name: string
  readonly #promises: Promise<void>[] = []
  #sending: Promise<void> | undefined

  /** @param name Begins the ids of its messages, of which there are `count`. */
  constructor(name: string, url: string, ca: string, count: number) {
    this.#name = name
    this.#count = count
    this.session = open(url, ca)
    this.#sending = this.#sendAll()
  }

  /** Resolves with the report of the session when it is over, and every promise has been settled. */
  async end(): Promise<CloseReport> {
    await this.#sending
    const report = await this.session.close()
    await Promise.all(this.#promises)
    return report
  }

  /** Sends in a fresh session, under the same ids, what the first one has not delivered. Resolves when it is. */
  async sendAgain(url: string, ca: string): Promise<void> {
    const session = open(url, ca)
    const again: Promise<unknown>[] = []
    for (const [id, told] of this.told) {
      const number = Number(id.split('.')[1])
      const options = { id, redelivered: told !== 'not-sent' }
      if (told === 'handled') continue
      again.push(
        isRequest(number) ? session.request('ask', number, options) : session.send('say', number, options),
      )
    }
    await Promise.all(again)
    const report = await session.close()
    if (!report.clean) throw new Error(`the fresh session’s report is not clean: ${JSON.stringify(report)}`)
  }

  async #sendAll(): Promise<void> {
    for (let number = 0; number < this.#count; number++) {
      const id = `${this.#name}.${number}`
      const sent = isRequest(number)
        ? this.session.request('ask', number, { id })
        : this.session.send('say', number, { id })
      this.#promises.push(this.#hear(id, sent))
      // A burst, then a turn of the event loop, so that at any moment some are at every stage.
      if (number % 5 === 4) await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }

  async #hear(id: string, sent: Promise<unknown>): Promise<void> {
    // Its place in the order is that of the call.
    this.told.set(id, 'unknown')
    try {
      await sent
      this.told.set(id, 'handled')
    } catch (error) {
      if (error instanceof DeliveryError) this.told.set(id, error.fate)
      else if (error instanceof SessionClosedError) this.told.set(id, 'no-reply')
      else throw error
    }
  }
}

function isRequest(number: number): boolean {
  return number % 4 === 1
}

function open(url: string, ca: string): Session {
  return connect(url, { tls: { ca }, reconnect: { nextDelayMs: () => 5 } })
}
