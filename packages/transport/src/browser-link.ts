import { Arrivals } from './arrivals.ts'
import { fitReason } from './close-frame.ts'
import type { Link, LinkEnd, LinkEvents, OpenLinkOptions } from './link.ts'
import { afterReading, timerAfterReading } from './timer-after-reading.ts'

/** The standard `WebSocket` class, as browsers, Deno, Bun, Node 22 and undici have it. */
export type WebSocketConstructor = new (url: string, protocols?: string | string[]) => WebSocket

export interface BrowserLinkOptions extends OpenLinkOptions {
  /** The class to connect with. @default the global `WebSocket`, looked up at each call */
  webSocket?: WebSocketConstructor
}

/**
 * Makes a link over the platform's own `WebSocket`. Throws if there is none, or if the URL or a subprotocol is
 * not well-formed.
 *
 * Such a socket may throw away whatever arrives after its own `close()`. So `close()` of this link waits until
 * the socket holds nothing any more, delivering what arrives meanwhile, and only then closes it. A caller that
 * still expects something must not close yet.
 */
export function openBrowserLink(url: string, options: BrowserLinkOptions): Link {
  const Socket = options.webSocket ?? globalThis.WebSocket
  if (!Socket) throw new Error('There is no WebSocket here: pass one as the option webSocket.')
  return new BrowserLink(new Socket(url, options.protocols), options)
}

/**
 * How long it takes at most until a busy socket is asked again what it still holds, in ms: the platform has no
 * event for it. It is asked sooner at first.
 */
const pollMsMax = 32

class BrowserLink implements Link {
  readonly #socket: WebSocket
  readonly #arrivals = new Arrivals()
  readonly #lowWaterBytes: number
  readonly #stopListening = new AbortController()
  readonly #stopConnectTimer: () => void
  #pollTimer: ReturnType<typeof setTimeout> | undefined
  #opened = false
  /** It is open, and the server does not speak the subprotocol. */
  #plain = false
  #busy = false
  /** A frame was too large: what follows it is not delivered. */
  #refusing = false
  #error: Error | undefined
  /** Of `close()`: what to close with, and when to give up. */
  #closing: { code: number; reason: string; lingerMs: number; leftMs: number; deadline: number } | undefined
  #closeSent = false
  #lastBuffered = 0
  #pollMs = 1

  constructor(socket: WebSocket, options: OpenLinkOptions) {
    this.#socket = socket
    this.#lowWaterBytes = options.lowWaterBytes ?? 64 * 1024
    socket.binaryType = 'arraybuffer'
    const { signal } = this.#stopListening
    const bytesMax = options.frameBytesMax ?? Number.POSITIVE_INFINITY

    socket.addEventListener(
      'open',
      () => {
        this.#stopConnectTimer()
        // Not every browser refuses a server that has selected none.
        this.#plain = options.protocols.length > 0 && !options.protocols.includes(socket.protocol)
        if (this.#plain) {
          this.#error ??= new Error('The server did not select the subprotocol.')
          return this.#giveUp(false)
        }
        this.#opened = true
        this.#arrivals.open()
      },
      { signal },
    )
    socket.addEventListener(
      'message',
      ({ data }: MessageEvent<string | ArrayBuffer>) => {
        if (this.#refusing) return
        const frame = typeof data === 'string' ? data : new Uint8Array(data)
        // Bytes that arrive move the deadline like bytes that leave.
        this.#lastBuffered = Number.POSITIVE_INFINITY
        if (frame.length > bytesMax) {
          this.#refusing = true
          this.#error ??= new Error(`A frame longer than frameBytesMax (${bytesMax}) arrived.`)
          void this.close(1009, 'frame too large')
        } else this.#arrivals.frame(frame, frame.length)
        // Timers are throttled in pages that nobody looks at; messages are not.
        if (this.#busy) this.#look()
      },
      { signal },
    )
    socket.addEventListener(
      'error',
      (event) => {
        const { error } = event as ErrorEvent
        if (error instanceof Error) this.#error ??= error
      },
      { signal },
    )
    socket.addEventListener(
      'close',
      // Deno says 0 where there was no close frame.
      ({ code, reason, wasClean }) => this.#finish(code || 1006, reason, wasClean, false),
      { signal },
    )
    this.#stopConnectTimer = timerAfterReading(
      options.connectTimeoutMs ?? 10_000,
      () => socket.readyState,
      () => this.#giveUp(false),
    )
    // What the page's own policy forbids is closed from the start, and Chromium says so with an error event alone.
    if (socket.readyState === 3) this.#giveUp(false)
  }

  get protocol(): string {
    return this.#socket.protocol
  }

  get writable(): boolean {
    return this.#canSend && !this.#busy
  }

  get bufferedBytes(): number {
    return this.#arrivals.end ? 0 : this.#socket.bufferedAmount
  }

  attach(events: LinkEvents): void {
    this.#arrivals.attach(events)
  }

  send(frame: string | Uint8Array): void {
    if (!this.#canSend) return
    // The types of the platform leave out shared memory, which no frame of ours is in.
    this.#socket.send(frame as string | Uint8Array<ArrayBuffer>)
    if (this.#socket.bufferedAmount <= this.#lowWaterBytes) return
    if (!this.#busy) this.#pollMs = 1
    this.#busy = true
    this.#poll()
  }

  pause(): void {
    this.#arrivals.pause()
  }

  resume(): void {
    this.#arrivals.resume()
  }

  close(code: number, reason: string, { lingerMs = 5000 }: { lingerMs?: number } = {}): Promise<LinkEnd> {
    if (!this.#closing && !this.#arrivals.end) {
      const now = performance.now()
      this.#pollMs = 1
      // What arrived while nothing was busy does not count as moving now.
      this.#lastBuffered = this.#socket.bufferedAmount
      this.#closing = {
        code,
        reason,
        lingerMs,
        leftMs: now + Math.max(lingerMs, 60_000),
        deadline: now + lingerMs,
      }
      if (this.#opened) this.#look()
      else this.#giveUp(false)
    }
    return this.#arrivals.over
  }

  abort(): void {
    this.#giveUp(true)
  }

  get #canSend(): boolean {
    return this.#opened && !this.#closing && !this.#closeSent && this.#socket.readyState === 1
  }

  #poll(): void {
    this.#pollTimer ??= setTimeout(() => {
      // Looking may close the socket. What has arrived by now is delivered first; it may put the deadline off, too.
      afterReading(() => {
        this.#pollTimer = undefined
        this.#pollMs = Math.min(2 * this.#pollMs, pollMsMax)
        this.#look()
      })
    }, this.#pollMs)
  }

  /** Sees what the socket still holds, and does what was waiting for it. */
  #look(): void {
    if (this.#arrivals.end) return
    const { bufferedAmount } = this.#socket
    if (this.#busy && bufferedAmount <= this.#lowWaterBytes) {
      this.#busy = false
      if (this.#canSend) this.#arrivals.drain()
    }
    const closing = this.#closing
    if (closing) {
      const now = performance.now()
      if (bufferedAmount < this.#lastBuffered)
        closing.deadline = Math.min(now + closing.lingerMs, closing.leftMs)
      if (bufferedAmount === 0) this.#closeSocket(closing.code, closing.reason)
      if (now >= closing.deadline) this.#giveUp(true)
    }
    this.#lastBuffered = bufferedAmount
    if (this.#busy || (closing && !this.#arrivals.end)) this.#poll()
  }

  #closeSocket(code: number, reason: string): void {
    if (this.#closeSent) return
    this.#closeSent = true
    // Pages may send 1000 and 3000 to 4999 only; 1009, for one, is a server's.
    this.#socket.close(code >= 3000 && code <= 4999 ? code : 1000, fitReason(reason))
  }

  /** Ends without waiting for the peer. The platform cannot destroy a connection, so this asks it to close and listens no more. */
  #giveUp(forced: boolean): void {
    if (this.#arrivals.end) return
    this.#stopListening.abort()
    if (this.#socket.readyState < 2) this.#closeSocket(1000, '')
    queueMicrotask(() => this.#finish(1006, '', false, forced))
  }

  #finish(code: number, reason: string, clean: boolean, forced: boolean): void {
    this.#stopConnectTimer()
    clearTimeout(this.#pollTimer)
    this.#stopListening.abort()
    const bytesUnsent = this.#opened ? this.#socket.bufferedAmount : 0
    this.#arrivals.finish({
      code,
      reason,
      clean,
      opened: this.#opened,
      ...(!clean && { failure: this.#plain ? 'subprotocol-refused' : this.#opened ? 'lost' : 'not-opened' }),
      ...(this.#error && { error: this.#error }),
      flushed: bytesUnsent === 0,
      peerEnded: code !== 1006,
      forced,
      bytesUnsent,
    })
  }
}
