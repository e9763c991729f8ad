import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { fitReason, isSendableCode } from './close-frame.ts'
import { isBelow } from './frame-writer.ts'
import { watchIdle } from './idle-watch.ts'
import type { Link, LinkEnd } from './link.ts'
import { connectFailure } from './node-failure.ts'
import { SendingLink } from './sending-link.ts'
import { timerAfterReading } from './timer-after-reading.ts'
import type { WsSocket } from './ws-socket.ts'

export interface NodeLinkOptions {
  /**
   * The connection below the WebSocket: `request.socket` of the `connection` event of a server. A client's is
   * found without this. With it, the frames of one turn leave in one write, a large frame that is still arriving
   * is not taken for silence, and the account of the end is exact.
   */
  rawSocket?: Socket
  /** Above how many buffered bytes the link is busy (`writable` false). @default 65536 */
  lowWaterBytes?: number
  /** Largest frame taken, in bytes; a larger one ends the link with 1009, and nothing behind it is delivered. */
  frameBytesMax?: number
  /**
   * How many bytes of frames are kept for a paused listener before nothing more is read from the connection.
   * Sixteen times as much while the link is closing. @default 1048576
   */
  keptBytesMax?: number
  /**
   * How long nothing may move while the connection ends, in ms, before it is destroyed: after `close()` that names
   * no other time, and after the peer has begun to end it. @default 5000
   */
  lingerMs?: number
  /** How long ending may take in all, in ms, even while bytes move. Never less than `lingerMs`. @default 60000 */
  closeMsMax?: number
  /**
   * Whether the end of the connection may follow a close frame that is said to be the last word (`peerDone`) at once,
   * with what the peer still says being read. It saves a round trip. Only for a server's link, for clients leave it to
   * the server to end the connection first; and not where the end of one direction takes the other one with it before
   * the peer's close frame has come: that is so behind nginx, and with Firefox. @default false
   */
  endsFirst?: boolean
  /** How long a socket that is still connecting may take for it, in ms. @default 10000 */
  connectTimeoutMs?: number
  /** The subprotocols that a connecting socket has offered; a refused one is told from other failures by them. */
  protocols?: readonly string[]
}

/**
 * Makes a link of a `ws` socket: a server's (open already) or a client's (still connecting). Call it in the turn
 * in which the socket was handed to you, for `ws` does not keep messages that nobody listens to. From then on the
 * socket is the link's: do not send on it, close it or pause it yourself.
 *
 * Nothing is changed in `ws`, `net` and `tls`. Frames that `ws` would have nothing to compress in are written to the connection
 * below it, once that was seen to be the one that it writes to (`_socket`), and that it has seen a close frame is seen by that it
 * listens for data no more; all else that is used of them is public.
 *
 * @param rawSocket the same as in the options, which many links can share then
 */
export function createNodeLink(
  socket: WsSocket,
  options: NodeLinkOptions = noOptions,
  rawSocket: Socket | undefined = options.rawSocket,
): Link {
  return new NodeLink(socket, options, rawSocket)
}

const noOptions: NodeLinkOptions = {}

/** A socket, with the link that it is part of: ws marks connections in the same way. */
interface Linked {
  [linkOf]: NodeLink
}

const linkOf = Symbol('link')

class NodeLink extends SendingLink<NodeLinkOptions> implements Link {
  // One listener for all links: some of its own for each took half a kilobyte of every idle connection.
  static readonly #socketListeners = {
    message(this: Linked, data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean): void {
      this[linkOf].#onMessage(data, isBinary)
    },
    error(this: Linked, error: Error): void {
      this[linkOf].noteError(error)
    },
    close(this: Linked, code: number, reason: Buffer): void {
      this[linkOf].#onClose(code, reason.toString())
    },
  }
  static readonly #connectingListeners = {
    upgrade(this: Linked, response: IncomingMessage): void {
      this[linkOf].#onUpgrade(response)
    },
    'unexpected-response'(this: Linked, _: unknown, response: IncomingMessage): void {
      this[linkOf].#onRefused(response)
    },
    open(this: Linked): void {
      this[linkOf].#onOpen()
    },
  }
  static readonly #endListeners = {
    end(this: Linked): void {
      this[linkOf].#onEndBegun()
    },
  }
  static readonly #rawListeners = {
    finish(this: Linked): void {
      this[linkOf].#onFinish()
    },
  }
  static readonly #lastDataListeners = {
    data(this: Linked): void {
      this[linkOf].#endIfSaid(1)
    },
  }

  /** It is a client's, which was still connecting when the link was made. */
  readonly #connected: boolean
  #forced = false
  #endedFirst = false
  /** Both sides have said all, and the connection was ended for that. */
  #said = false
  #watchesEnd = false
  /** A frame was too large: what follows it is not delivered. */
  #refusing = false
  #reading = true
  /** Of a client's link: why it could not be made. */
  #refusal: Refusal | undefined
  #stopConnectTimer: (() => void) | undefined
  #stopEndTimers: (() => void) | undefined

  constructor(socket: WsSocket, options: NodeLinkOptions, rawSocket: Socket | undefined) {
    super(socket, options)
    const connecting = socket.readyState === socket.CONNECTING
    listen(socket, NodeLink.#socketListeners, this)
    this.#connected = connecting
    if (connecting) listen(socket, NodeLink.#connectingListeners, this)
    if (rawSocket) this.#useRawSocket(rawSocket)
    if (!connecting) this.open()
    else {
      const ms = options.connectTimeoutMs ?? 10_000
      this.#stopConnectTimer = timerAfterReading(
        ms,
        () => this.#moved(),
        () => {
          this.noteError(new Error(`The connection was not made within ${ms} ms.`))
          socket.terminate()
        },
      )
    }
    if (socket.readyState === socket.CLOSED) this.#onClose(1006, '')
  }

  close(
    code: number,
    reason: string,
    options: { lingerMs?: number; peerDone?: boolean } = {},
  ): Promise<LinkEnd> {
    if (!this.closing && !this.end) {
      this.closing = true
      const lingerMs = options.lingerMs ?? this.#lingerMs
      const endsFirst = options.peerDone === true && this.options.endsFirst === true
      if (this.opened)
        this.#linger(isSendableCode(code) ? code : 1000, fitReason(reason), lingerMs, endsFirst)
      else this.socket.terminate()
    }
    return this.over
  }

  abort(): void {
    if (!this.end) this.#destroy()
  }

  #linger(code: number, reason: string, lingerMs: number, endsFirst: boolean): void {
    this.#readOrNot()
    this.#boundTheEnd(lingerMs)
    // What is left to say mostly fits into one write: the last frames, the close frame, and the end behind them.
    if (this.socket.bufferedAmount <= oneWriteBytes) return this.#sayClose(code, reason, endsFirst)
    this.uncork()
    // ws gives a close handshake 30 s from its own close() on, however much is still queued: so that comes last.
    this.sent.whenNothingWaits(() => this.#sayClose(code, reason, endsFirst))
  }

  #sayClose(code: number, reason: string, endsFirst: boolean): void {
    this.socket.close(code, reason)
    // Where frames are compressed, ours may still be behind that; and a client that still inflates what came before
    // the close frame when the end comes answers no more.
    if (endsFirst && this.rawSocket?.destroyed === false && this.socket.extensions === '') {
      this.#endedFirst = true
      this.rawSocket.end()
      listen(this.rawSocket, NodeLink.#lastDataListeners, this)
    }
    this.uncork()
  }

  /** From now on the connection ends: when nothing moves any more, or after the longest time, it is destroyed. */
  #boundTheEnd(lingerMs: number): void {
    this.#stopEndTimers?.()
    const destroy = () => this.#destroy()
    const moved = () => this.#moved()
    const waitingBytes = () => this.socket.bufferedAmount
    const stopIdleWatch = watchIdle(lingerMs, { moved, waitingBytes }, destroy)
    const longestMs = Math.max(lingerMs, this.options.closeMsMax ?? 60_000)
    const stopLongest = timerAfterReading(longestMs, moved, destroy)
    this.#stopEndTimers = () => {
      stopIdleWatch()
      stopLongest()
    }
  }

  /** The peer's FIN has come, or ours has gone because ws has answered its close frame: it must not stay for ever. */
  #onEndBegun(): void {
    if (!this.#stopEndTimers && !this.end) this.#boundTheEnd(this.#lingerMs)
  }

  /** Our FIN has gone. */
  #onFinish(): void {
    if (!this.#endIfSaid(this.#endedFirst ? 1 : 0)) this.#onEndBegun()
  }

  /**
   * With both close frames seen and our FIN sent, all that is still to come is the peer's FIN, which the kernel can wait for
   * by itself: the connection is closed at once. Besides a turn, that saves what ws does at a FIN, which makes two errors
   * that nobody sees; each takes longer than most of what a connection needs. Over TLS the peer still says that it ends,
   * and what comes to a connection that is closed is answered by a reset. And of a connection that is not Node's own nobody
   * knows what becomes of its last bytes when it is destroyed.
   *
   * ws has seen a close frame when it listens for data no more. `listeners`: how many listen besides.
   */
  #endIfSaid(listeners: number): boolean {
    const raw = this.rawSocket
    if (!raw?.writableFinished || raw.listenerCount('data') > listeners) return false
    if (this.error || this.#refusing || (raw as TLSSocket).encrypted || !isBelow(this.socket, raw))
      return false
    this.#said = true
    raw.destroy()
    return true
  }

  /** What changes when bytes have moved. What comes in behind our FIN is thrown away, and is no reason to wait. */
  #moved(): string {
    const raw = this.rawSocket
    return `${this.socket.bufferedAmount} ${raw?.writableFinished ? '' : raw?.bytesRead} ${this.moves}`
  }

  get #keptBytesMax(): number {
    return this.options.keptBytesMax ?? 1024 * 1024
  }

  get #lingerMs(): number {
    return this.options.lingerMs ?? 5000
  }

  #destroy(): void {
    this.#forced = true
    this.uncork()
    // What has left by now has left, although the callbacks that say so come after the socket is destroyed.
    if (this.opened && this.socket.bufferedAmount === 0) this.sent.allLeft()
    this.socket.terminate()
  }

  /**
   * What has not left keeps our FIN from following the peer's, which has to be noticed by itself then. Else it is enough
   * to hear that ours has gone: a third listener for the same event takes a list of twenty, of every idle connection.
   */
  protected watchEnd(atOnce = false): void {
    const raw = this.rawSocket
    if (this.#watchesEnd || this.end || !raw?.writableLength) return
    if (raw.writableCorked > 0 && !atOnce) {
      // Somebody holds it back for the sake of this turn: what is still there in the next but one has not left.
      setImmediate(() => setImmediate(() => this.watchEnd(true)))
      return
    }
    this.#watchesEnd = true
    listen(raw, NodeLink.#endListeners, this)
    if (raw.readableEnded) this.#onEndBegun()
  }

  #onUpgrade(response: IncomingMessage): void {
    const offered = this.options.protocols
    const selected = response.headers['sec-websocket-protocol']
    if (offered !== undefined && offered.length > 0 && !offered.includes(selected ?? '')) {
      this.#refusal = { httpStatus: undefined }
    }
    // Bun puts a ws of its own in place of ws, over its own WebSocket, and that shows no socket.
    if (response.socket) this.#useRawSocket(response.socket)
  }

  #onRefused(response: IncomingMessage): void {
    this.#refusal = { httpStatus: response.statusCode }
    this.noteError(
      new Error(`The server answered the upgrade request with HTTP status ${response.statusCode}.`),
    )
    this.socket.terminate()
  }

  #onOpen(): void {
    this.#stopConnectTimer?.()
    this.open()
  }

  #onMessage(data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean): void {
    if (this.#refusing) return
    this.moves += 1
    const bytes = asBuffer(data)
    if (bytes.length > (this.options.frameBytesMax ?? Number.POSITIVE_INFINITY)) {
      this.#refusing = true
      this.noteError(
        new Error(
          `A frame of ${bytes.length} bytes arrived, and frameBytesMax is ${this.options.frameBytesMax}.`,
        ),
      )
      void this.close(1009, 'frame too large')
      return
    }
    const frame = isBinary ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length) : bytes.toString()
    this.frame(frame, bytes.length)
    this.#readOrNot()
  }

  override onTold(): void {
    this.#readOrNot()
  }

  /** Reads from the connection while there is room for what comes. */
  #readOrNot(): void {
    const reading = this.keptBytes <= (this.closing ? 16 : 1) * this.#keptBytesMax
    if (reading === this.#reading) return
    this.#reading = reading
    if (reading) this.socket.resume()
    else this.socket.pause()
  }

  #useRawSocket(rawSocket: Socket): void {
    this.rawSocket = rawSocket
    listen(rawSocket, NodeLink.#rawListeners, this)
  }

  #onClose(code: number, reason: string): void {
    this.#stopConnectTimer?.()
    this.#stopEndTimers?.()
    unlisten(this.socket, NodeLink.#socketListeners)
    if (this.#connected) unlisten(this.socket, NodeLink.#connectingListeners)
    const raw = this.rawSocket
    if (raw) unlisten(raw, NodeLink.#rawListeners)
    if (raw && this.#watchesEnd) unlisten(raw, NodeLink.#endListeners)
    if (raw && this.#endedFirst) unlisten(raw, NodeLink.#lastDataListeners)
    // ws does not tell of the connection's own errors.
    if (raw?.errored) this.noteError(raw.errored)

    const httpStatus = this.#refusal?.httpStatus
    const closeFrameSeen = code !== 1006
    // ws ends the connection when it has sent a close frame and seen one.
    const clean = closeFrameSeen && (raw?.writableFinished ?? this.error === undefined)
    // ws destroys connections as well: after its own close time-out, and when too many Pongs wait for a peer.
    const destroyedHere =
      raw !== undefined && this.opened && !this.#said && !raw.readableEnded && !raw.errored
    const { flushed, bytesUnsent } = this.sent.account(clean)
    const end: LinkEnd = {
      code,
      reason,
      clean,
      opened: this.opened,
      flushed,
      bytesUnsent,
      peerEnded: closeFrameSeen || raw?.readableEnded === true,
      forced: this.#forced || destroyedHere,
    }
    if (!clean) end.failure = this.#failure()
    if (httpStatus !== undefined) end.httpStatus = httpStatus
    if (this.error) end.error = this.error
    if (this.#endedFirst) end.endedFirst = true
    this.finish(end)
  }

  #failure(): NonNullable<LinkEnd['failure']> {
    if (this.opened) return 'lost'
    if (this.#refusal === undefined) return connectFailure(this.error)
    return this.#refusal.httpStatus === undefined ? 'subprotocol-refused' : 'upgrade-refused'
  }
}

/** The server has not taken an upgrade request: with an HTTP status, or with another subprotocol. */
interface Refusal {
  readonly httpStatus: number | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: an event's arguments depend on its name.
type Listeners = Record<string, (this: Linked, ...args: any[]) => void>

function listen(emitter: Socket | WsSocket, listeners: Listeners, link: NodeLink): void {
  ;(emitter as Partial<Linked>)[linkOf] = link
  for (const event in listeners) emitter.on(event, listeners[event] as () => void)
}

function unlisten(emitter: Socket | WsSocket, listeners: Listeners): void {
  for (const event in listeners) emitter.off(event, listeners[event] as () => void)
  ;(emitter as { [linkOf]?: NodeLink | undefined })[linkOf] = undefined
}

/** What is left to say at the end, in bytes, is said in one write with the close frame if it is not more than this. */
const oneWriteBytes = 16 * 1024

function asBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}
