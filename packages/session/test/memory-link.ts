import type { Link, LinkEnd, LinkEvents } from '@lastword/transport'

/** Two links of one connection without a network: what one sends the other gets, in order, in a later microtask. */
export function memoryLinks(): [client: MemoryLink, server: MemoryLink] {
  const client = new MemoryLink()
  const server = new MemoryLink()
  client.peer = server
  server.peer = client
  return [client, server]
}

export class MemoryLink implements Link {
  readonly protocol = 'lastword.1'
  readonly bufferedBytes = 0
  /** Every frame that was sent on it. */
  readonly sent: Array<string | Uint8Array> = []
  peer!: MemoryLink
  writable = true
  /** Frames are lost from now on, and nobody is told. */
  deaf = false
  /** What is sent on it is lost, and nobody is told. */
  mute = false
  end: LinkEnd | undefined

  #events: LinkEvents | undefined
  #resolveOver!: (end: LinkEnd) => void
  readonly #over: Promise<LinkEnd> = new Promise((resolve) => {
    this.#resolveOver = resolve
  })

  attach(events: LinkEvents): void {
    this.#events = events
    queueMicrotask(() => events.onOpen())
  }

  send(frame: string | Uint8Array): void {
    if (this.end !== undefined) return
    this.sent.push(frame)
    queueMicrotask(() => {
      if (!this.deaf && !this.mute) this.peer.#deliver(frame)
    })
  }

  pause(): void {}

  resume(): void {}

  close(code: number, reason: string): Promise<LinkEnd> {
    queueMicrotask(() => {
      this.peer.#finish(code, reason, true)
      this.#finish(code, reason, true)
    })
    return this.#over
  }

  abort(): void {
    queueMicrotask(() => {
      this.peer.#finish(1006, '', false)
      this.#finish(1006, '', false)
    })
  }

  /** The link can take frames again. */
  drain(): void {
    this.writable = true
    this.#events?.onDrain()
  }

  #deliver(frame: string | Uint8Array): void {
    if (this.end !== undefined) return
    this.#events?.onFrame(frame, typeof frame === 'string' ? Buffer.byteLength(frame) : frame.byteLength)
  }

  #finish(code: number, reason: string, clean: boolean): void {
    if (this.end !== undefined) return
    this.end = {
      code,
      reason,
      clean,
      opened: true,
      flushed: clean,
      peerEnded: clean,
      forced: false,
      bytesUnsent: 0,
      ...(clean ? {} : { failure: 'lost' as const }),
    }
    this.#events?.onEnd(this.end)
    this.#resolveOver(this.end)
  }
}
