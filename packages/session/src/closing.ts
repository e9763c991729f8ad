import type { Dispatcher } from './dispatcher.ts'
import type { OutgoingLane } from './outgoing-lane.ts'
import type { CloseOptions } from './session-types.ts'

/** What closing needs of its session. */
export interface ClosingHost {
  readonly dispatcher: Dispatcher
  readonly lane: OutgoingLane
  over(): boolean
  /** This side has begun to close. */
  onBegin(options: CloseOptions): void
  /** Nothing more will be sent. */
  fin(options: CloseOptions): void
  /** Messages are left for which nothing listens, and nothing else. */
  onlyKeptLeft(count: number): void
  endOfTurn(callback: () => void): void
}

/**
 * How a session is closed from here: `fin` follows once what was received before is answered, and what was sent before
 * is on its way; and when this side closes by itself, or gives up waiting for a handler.
 */
export class Closing {
  readonly #host: ClosingHost
  readonly #halfOpen: boolean
  #begun = false
  #finAsked = false
  #peerFin = false

  /** `finAsked`: the session comes from a journal, and its `fin` was asked for before. */
  constructor(host: ClosingHost, halfOpen: boolean, finAsked: boolean) {
    this.#host = host
    this.#halfOpen = halfOpen
    this.#finAsked = finAsked
  }

  /** True once this side has begun to close. */
  get begun(): boolean {
    return this.#begun || this.#finAsked
  }

  /** True once `fin` has been asked for. */
  get finAsked(): boolean {
    return this.#finAsked
  }

  /** True once the peer has said its last. */
  get peerFin(): boolean {
    return this.#peerFin
  }

  begin(options: CloseOptions): void {
    if (this.#begun || this.#host.over()) return
    this.#begun = true
    this.#host.onBegin(options)
    void this.#finInOrder(options)
  }

  /** The peer will send no more. */
  onPeerFin(): void {
    this.#peerFin = true
  }

  /** When the peer has closed and everything received is handled, this side closes too. */
  checkIdle(): void {
    const host = this.#host
    if (!this.#peerFin || host.over()) return
    if (!this.#begun) {
      if (this.#halfOpen || !this.#nothingToCome()) return
      // At the end of the turn, so that what was just answered or resolved can still send something.
      host.endOfTurn(() => {
        if (!this.#begun && this.#nothingToCome()) this.begin({})
      })
      return
    }
    if (!this.#finAsked || !this.#onlyKeptLeft()) return
    // Both sides have closed, and nobody listens for what is left: waiting longer would not make it handled.
    host.endOfTurn(() => {
      if (!host.over() && this.#onlyKeptLeft()) host.onlyKeptLeft(host.dispatcher.keptCount)
    })
  }

  async #finInOrder(options: CloseOptions): Promise<void> {
    const { dispatcher, lane } = this.#host
    dispatcher.close()
    const requests = dispatcher.openRequests()
    if (requests.length > 0) await Promise.all(requests.map((request) => request.whenHandled))
    await lane.submitted()
    if (this.#host.over()) return
    if (!this.#finAsked) {
      this.#finAsked = true
      this.#host.fin(options)
    }
    this.checkIdle()
  }

  /** An application that has attached no handler at all may still be about to; one that has is not waited for. */
  #nothingToCome(): boolean {
    const { dispatcher } = this.#host
    return dispatcher.openCount === 0 || (dispatcher.listens && this.#onlyKeptLeft())
  }

  #onlyKeptLeft(): boolean {
    const { dispatcher } = this.#host
    return dispatcher.keptCount > 0 && dispatcher.keptCount === dispatcher.openCount
  }
}
