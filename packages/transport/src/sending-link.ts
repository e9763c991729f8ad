import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { Arrivals } from './arrivals.ts'
import { type FrameListener, mayWriteFrames, writeFrame } from './frame-writer.ts'
import type { TextInPieces } from './link.ts'
import { SentLedger } from './sent-ledger.ts'
import type { WsSocket } from './ws-socket.ts'

/**
 * How frames leave over a `ws` socket, and what is known of those that have: put together for a turn, held back from a
 * link that is busy, and accounted for. A class that `NodeLink` extends, so that there is one object for each connection.
 */
export abstract class SendingLink<Options extends { lowWaterBytes?: number }>
  extends Arrivals
  implements FrameListener
{
  protected readonly socket: WsSocket
  protected readonly options: Options
  protected readonly sent = new SentLedger()
  protected rawSocket: Socket | undefined
  /** Accepts no more. */
  protected closing = false
  /** Rises with whatever comes or goes. */
  protected moves = 0
  protected error: Error | undefined
  #busy = false
  #corked = false
  #corkedBytes = 0

  constructor(socket: WsSocket, options: Options) {
    super()
    this.socket = socket
    this.options = options
  }

  /** Called when frames were handed over: what has not left by the end of the connection has to be noticed. */
  protected abstract watchEnd(): void

  get protocol(): string {
    return this.socket.protocol
  }

  get writable(): boolean {
    return this.canSend && !this.#busy
  }

  get bufferedBytes(): number {
    return this.end ? 0 : this.socket.bufferedAmount
  }

  send(frame: string | Uint8Array, last = false): void {
    this.#send(frame, last)
  }

  sendPieces(pieces: TextInPieces, last = false): void {
    this.#send(pieces, last)
  }

  #send(frame: string | Uint8Array | TextInPieces, last: boolean): void {
    if (!this.canSend) return
    if (!last) this.#cork()
    // Held back by somebody else, who waits for this one: it leaves at once with that.
    else if (this.rawSocket?.writableCorked) this.#corked = true
    const bytes = this.#hand(frame)
    this.#corkedBytes += bytes
    if (last || this.#corkedBytes >= this.#corkedBytesMax) this.uncork()
    if (!this.#corked) this.watchEnd()
    if (this.socket.bufferedAmount <= this.#lowWaterBytes) return
    this.#busy = true
    this.uncork()
  }

  /** Returns the bytes of `frame`. */
  #hand(frame: string | Uint8Array | TextInPieces): number {
    const bytes = byteLength(frame)
    this.sent.accepted(bytes)
    const raw = this.rawSocket
    if (raw !== undefined && mayWriteFrames(this.socket, raw)) {
      writeFrame(raw, frame, bytes, this.socket.url !== undefined, this)
    } else {
      const options = frame instanceof Uint8Array ? asBinary : asText
      const data = raw === undefined ? asSuch(frame) : inBytes(frame)
      this.socket.send(data, options, (error) => this.onFrameWritten(bytes, error))
    }
    return bytes
  }

  protected get canSend(): boolean {
    return this.opened && !this.closing && this.socket.readyState === this.socket.OPEN
  }

  get #lowWaterBytes(): number {
    return this.options.lowWaterBytes ?? 64 * 1024
  }

  #cork(): void {
    if (this.#corked || this.rawSocket === undefined) return
    this.#corked = true
    this.#corkedBytes = 0
    this.rawSocket.cork()
    process.nextTick(() => this.uncork())
  }

  get #corkedBytesMax(): number {
    const raw = this.rawSocket as TLSSocket | undefined
    return raw?.encrypted === true ? corkedBytesMaxOverTls : corkedBytesMax
  }

  protected uncork(): void {
    if (!this.#corked) return
    this.#corked = false
    // Whoever holds back writes besides has done so for the sake of this one.
    do this.rawSocket?.uncork()
    while (this.rawSocket?.writableCorked)
    this.watchEnd()
  }

  onFrameWritten(bytes: number, error: Error | null | undefined): void {
    this.moves += 1
    if (error) this.noteError(error)
    if (error || this.rawSocket?.destroyed) this.sent.lost(bytes)
    else if (this.rawSocket || this.socket.readyState === this.socket.OPEN) this.sent.left(bytes)
    else this.sent.unclear(bytes)
    // The queue may hold pongs that have no callback, so "all of ours has left" counts as drained too.
    if (!this.#busy || (this.socket.bufferedAmount > this.#lowWaterBytes && this.sent.waitingBytes > 0))
      return
    this.#busy = false
    if (this.canSend) this.drain()
  }

  protected noteError(error: Error): void {
    this.error ??= error
  }
}

/**
 * How much waits for the end of the turn, to leave in one write with what is sent behind it. More gains nothing by it:
 * the peer could be reading it meanwhile, and the two processes would work in turns instead of side by side. Over TLS,
 * where Node writes one thing after the other and looks around in between, it pays to give two of a session's frames at once.
 */
const corkedBytesMax = 8 * 1024
const corkedBytesMaxOverTls = 32 * 1024

function byteLength(frame: string | Uint8Array | TextInPieces): number {
  if (typeof frame === 'string') return Buffer.byteLength(frame)
  if (frame instanceof Uint8Array) return frame.byteLength
  return Buffer.byteLength(frame.before) + frame.text.byteLength + Buffer.byteLength(frame.after)
}

/** What stands in for ws where there is no connection to see may know texts alone. */
function asSuch(frame: string | Uint8Array | TextInPieces): string | Uint8Array {
  return typeof frame === 'string' || frame instanceof Uint8Array ? frame : inBytes(frame).toString()
}

/** Bytes are written by ws together with its header, and are counted as such while they wait. */
function inBytes(frame: string | Uint8Array | TextInPieces): Uint8Array {
  if (typeof frame === 'string') return Buffer.from(frame)
  if (frame instanceof Uint8Array) return frame
  return Buffer.concat([Buffer.from(frame.before), frame.text, Buffer.from(frame.after)])
}

const asText = { binary: false }
const asBinary = { binary: true }
