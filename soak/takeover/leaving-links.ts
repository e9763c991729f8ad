import type { ConnectOptions } from '@lastword/sdk'
import type { Link, LinkEnd, LinkEvents } from '@lastword/transport'
import { nodeLinkOpener } from '@lastword/transport'

/** Links that a client can leave while they live on, as a device leaves a network that the server still believes in. */
export interface LeavingLinks {
  openLink: NonNullable<ConnectOptions['openLink']>
  /**
   * Tells the session that its link is lost. The connection itself goes on: what is under way on it arrives, until the
   * server closes it. False if there is no open link to leave.
   */
  leave(): boolean
  readonly tally: LeftTally
}

/** What happened on links that had been left. */
export interface LeftTally {
  left: number
  /** Frames of the server that arrived all the same. */
  framesAfter: number
  /** Links that the server closed as superseded: alive until the new one took over. */
  superseded: number
}

const supersededCode = 4409

export function leavingLinks(ca: string): LeavingLinks {
  const open = nodeLinkOpener({ ca })
  const tally: LeftTally = { left: 0, framesAfter: 0, superseded: 0 }
  let current: LeavingLink | undefined
  return {
    tally,
    openLink(url, options) {
      current = new LeavingLink(open(url, options), tally)
      return current
    },
    leave() {
      return current?.leave() === true
    },
  }
}

class LeavingLink implements Link {
  readonly #link: Link
  readonly #tally: LeftTally
  #events: LinkEvents | undefined
  #opened = false
  #over = false
  #left: LinkEnd | undefined

  constructor(link: Link, tally: LeftTally) {
    this.#link = link
    this.#tally = tally
  }

  get protocol(): string {
    return this.#link.protocol
  }

  get writable(): boolean {
    return this.#left === undefined && this.#link.writable
  }

  get bufferedBytes(): number {
    return this.#link.bufferedBytes
  }

  attach(events: LinkEvents): void {
    this.#events = events
    this.#link.attach({
      onOpen: () => {
        this.#opened = true
        events.onOpen()
      },
      onFrame: (frame, bytes) => {
        if (this.#left === undefined) events.onFrame(frame, bytes)
        else this.#tally.framesAfter += 1
      },
      onDrain: () => {
        if (this.#left === undefined) events.onDrain()
      },
      onEnd: (end) => {
        this.#over = true
        if (this.#left === undefined) events.onEnd(end)
        else if (end.code === supersededCode) this.#tally.superseded += 1
      },
    })
  }

  leave(): boolean {
    if (!this.#opened || this.#over || this.#left !== undefined) return false
    this.#left = lost
    this.#tally.left += 1
    this.#events?.onEnd(lost)
    return true
  }

  send(frame: string | Uint8Array): void {
    if (this.#left === undefined) this.#link.send(frame)
  }

  pause(): void {
    this.#link.pause()
  }

  resume(): void {
    this.#link.resume()
  }

  async close(code: number, reason: string, options?: { lingerMs?: number }): Promise<LinkEnd> {
    return this.#left ?? this.#link.close(code, reason, options)
  }

  abort(): void {
    if (this.#left === undefined) this.#link.abort()
  }
}

const lost: LinkEnd = {
  code: 1006,
  reason: '',
  clean: false,
  opened: true,
  failure: 'lost',
  flushed: false,
  peerEnded: false,
  forced: false,
  bytesUnsent: 0,
}
