import { randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import { isSendableCode, reasonBytesMax } from './close-frame.ts'
import { watchIdle } from './idle-watch.ts'
import { timerAfterReading } from './timer-after-reading.ts'
import type { WsSocket } from './ws-socket.ts'

export interface CloseAfterPongOptions {
  /** Close code to send: 1000 to 1014 where RFC 6455 allows it, or 3000 to 4999. @default 1000 */
  code?: number
  /** Reason to send, at most 123 bytes of UTF-8. @default '' */
  reason?: string
  /**
   * How long nothing may move before the connection is destroyed, in ms. Bytes that leave, messages that arrive and
   * the Pong put it off, and each further MiB that waits here gets as much again. @default 5000
   */
  deadlineMs?: number
  /** How long all of it may take, in ms, even while bytes move. Never less than `deadlineMs`. @default 60000 */
  closeMsMax?: number
  /** `request.socket` of the `connection` event: with it, a large message that is still arriving puts the deadline off, too. */
  rawSocket?: Socket
}

/** What is known once the connection is over. */
export interface CloseAfterPongReport {
  /**
   * True if the peer answered the Ping that went behind everything sent before: its WebSocket layer has had all
   * of it. False means that nobody knows, not that something was lost.
   */
  pong: boolean
  /** The code and the reason of the peer's close frame; 1005 without a code, 1006 without a close frame. */
  code: number
  reason: string
  /** True if the peer's close frame was seen. */
  clean: boolean
  /** True if the deadline passed and the connection was destroyed. */
  forced: boolean
}

/**
 * Closes a server's `ws` socket so that a client which knows nothing of lastword still gets what was sent to it:
 * the call to make in place of `socket.close()` or `socket.terminate()` where clients cannot be changed.
 *
 *     socket.send(answer)
 *     const { pong } = await closeAfterPong(socket)
 *
 * A Ping goes behind everything sent so far; every WebSocket client answers it after the frames before it. When
 * that answer has come, the close handshake follows, and what the client still sends is read (your own `message`
 * listeners hear it) until the connection ends. A client that does not answer is sent the close frame after half of
 * `deadlineMs`. Nothing is destroyed before a deadline, and then the report says `forced`.
 *
 * The Pong is the word of the client's WebSocket library: it can be there before the application has the message.
 *
 * Send nothing more after the call: it would go behind the Ping. Works in every state of the socket, paused or not;
 * a second call gives the first one's promise. `ws` destroys a connection 30 s after its own `close()`, so the close
 * handshake gets 28 s at most. The promise never rejects. Throws at once if an argument is wrong.
 */
export function closeAfterPong(
  socket: WsSocket,
  options: CloseAfterPongOptions = {},
): Promise<CloseAfterPongReport> {
  const { deadlineMs = 5000, closeMsMax = 60_000 } = options
  const checked = { ...options, deadlineMs, closeMsMax }
  check(socket, checked)
  let closing = closings.get(socket)
  if (closing === undefined) {
    closing = pingThenClose(socket, checked)
    closings.set(socket, closing)
  }
  return closing
}

type CloseAfterPongTimes = Pick<CloseAfterPongOptions, 'deadlineMs' | 'closeMsMax'>

const closings = new WeakMap<WsSocket, Promise<CloseAfterPongReport>>()

/** ws destroys a connection 30 s after its own close(), unless told otherwise. Ours has to be over before. */
const closeHandshakeMsMax = 28_000

function pingThenClose(socket: WsSocket, options: Required<CloseAfterPongTimes> & CloseAfterPongOptions) {
  const { code = 1000, reason = '', deadlineMs, closeMsMax, rawSocket } = options
  return new Promise<CloseAfterPongReport>((resolve) => {
    const payload = randomBytes(16)
    const stops: (() => void)[] = []
    let pong = false
    let forced = false
    let moves = 0
    const moved = () => `${socket.bufferedAmount} ${rawSocket?.bytesRead} ${moves}`
    const movement = { moved, waitingBytes: () => socket.bufferedAmount }

    const onOpen = () => {
      socket.resume()
      socket.ping(payload, undefined, () => {})
    }
    const close = () => {
      if (socket.readyState !== socket.OPEN) return
      stops.push(timerAfterReading(closeHandshakeMsMax, moved, destroy))
      socket.close(code, reason)
    }
    const destroy = () => {
      forced = true
      socket.terminate()
    }
    const onPong = (data: Uint8Array) => {
      moves += 1
      if (!payload.equals(data)) return
      pong = true
      close()
    }
    const onMessage = () => {
      moves += 1
    }
    const onClose = (closeCode: number, closeReason: Uint8Array | string) => {
      for (const stop of stops) stop()
      for (const [event, listener] of listeners) socket.off(event, listener)
      resolve({ pong, code: closeCode, reason: closeReason.toString(), clean: closeCode !== 1006, forced })
    }
    // An error ends the connection, and `close` tells of that; without a listener it would end the process.
    const onError = () => {}
    const listeners = [
      ['open', onOpen],
      ['pong', onPong],
      ['message', onMessage],
      ['error', onError],
      ['close', onClose],
    ] as const
    for (const [event, listener] of listeners) socket.on(event, listener)

    // Some clients never answer a Ping, and hear the close frame all the same. While something still waits to leave,
    // it would only start the time that ws gives the handshake.
    const pongMs = Math.max(deadlineMs / 2, deadlineMs - closeHandshakeMsMax)
    const closeWithoutPong = () => {
      if (socket.bufferedAmount === 0) close()
      else waitForPong()
    }
    const waitForPong = () => stops.push(watchIdle(pongMs, movement, closeWithoutPong))
    waitForPong()
    stops.push(
      watchIdle(deadlineMs, movement, destroy),
      timerAfterReading(Math.max(deadlineMs, closeMsMax), moved, destroy),
    )

    if (socket.readyState === socket.CLOSED) onClose(1006, '')
    else if (socket.readyState === socket.OPEN) onOpen()
    // The peer's close frame may wait behind data that nobody has read.
    else if (socket.readyState === socket.CLOSING) socket.resume()
  })
}

function check(socket: WsSocket, options: CloseAfterPongOptions): void {
  const { code = 1000, reason = '' } = options
  if (typeof socket?.ping !== 'function' || typeof socket.terminate !== 'function') {
    throw new TypeError(
      'closeAfterPong() needs a WebSocket of ws, which can ping: pass the one of the connection event.',
    )
  }
  if (!isSendableCode(code)) {
    throw new RangeError(`${code} may not be sent as a close code: use 1000, or one from 3000 to 4999.`)
  }
  if (typeof reason !== 'string' || Buffer.byteLength(reason) > reasonBytesMax) {
    throw new RangeError(`A close reason is text of at most ${reasonBytesMax} bytes of UTF-8: shorten it.`)
  }
  for (const name of ['deadlineMs', 'closeMsMax'] as const) {
    const ms = options[name] ?? 1
    if (!Number.isFinite(ms) || ms <= 0 || ms > 2 ** 31 - 1) {
      throw new RangeError(`${name} is a time in ms above 0 and below 2^31, not ${ms}.`)
    }
  }
}
