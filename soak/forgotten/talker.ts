import {
  type CloseReport,
  connect,
  DeliveryError,
  type Fate,
  type LostSession,
  type Session,
  SessionClosedError,
} from '@lastword/sdk'

/** What became of a message, as its promise told. `no-reply`: a request that was handled, and whose reply is lost. */
export type Told = 'handled' | Fate | 'no-reply'

/** A client that goes on sending whatever happens to the server: where its session is lost, in a fresh one. */
export class Talker {
  /** The session that it began with. */
  readonly session: Session
  /** What became of the messages of that session, by id, in the order in which they were sent. */
  readonly told = new Map<string, Told>()
  readonly #name: string
  readonly #promises: Promise<unknown>[] = []
  readonly #sending: Promise<void>
  #fresh: Session | undefined
  #resent: ReturnType<LostSession<unknown>['resend']> = []

  /** @param name Begins the ids of its messages, of which there are `count`. */
  constructor(name: string, url: string, ca: string, count: number) {
    this.#name = name
    const options = { tls: { ca }, reconnect: { nextDelayMs: () => 5 } }
    this.session = connect(url, {
      ...options,
      onSessionLost: (lost) => {
        this.#fresh = connect(url, options)
        this.#resent = lost.resend(this.#fresh)
      },
    })
    this.#sending = this.#sendAll(count)
  }

  /** Resolves with the report of the first session when everything is over, and every promise has been settled. */
  async end(): Promise<CloseReport> {
    await this.#sending
    const report = await this.session.close()
    await Promise.all(this.#promises)
    this.#checkResent()
    await Promise.all(this.#resent.map(({ outcome }) => outcome))
    const last = await this.#fresh?.close()
    if (last?.clean === false)
      throw new Error(`a fresh session’s report is not clean: ${JSON.stringify(last)}`)
    return report
  }

  abort(): void {
    this.session.abort()
    this.#fresh?.abort()
  }

  async #sendAll(count: number): Promise<void> {
    for (let number = 0; number < count; number++) {
      const id = `${this.#name}.${number}`
      const session = this.#fresh ?? this.session
      const sent = isRequest(number)
        ? session.request('ask', number, { id })
        : session.send('say', number, { id })
      this.#promises.push(session === this.session ? this.#hear(id, sent) : sent)
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

  /** What is sent again is what nobody has acknowledged, all of it and in its order. */
  #checkResent(): void {
    const undelivered = [...this.told].filter(([, told]) => told !== 'handled' && told !== 'no-reply')
    const wanted = undelivered.map(([id]) => id).join(' ')
    const resent = this.#resent.map(({ id }) => id).join(' ')
    if (resent !== wanted) throw new Error(`sent again: ${resent}; not delivered: ${wanted}`)
  }
}

function isRequest(number: number): boolean {
  return number % 4 === 1
}
