import { randomBytes } from 'node:crypto'
import { isSendableCode, reasonBytesMax } from './close-frame.ts'
import type { WsSocket } from './ws-socket.ts'

export interface CloseAfterPongOptions {
  /** Close code to send: 1000 to 1014 where RFC 6455 allows it, or 3000 to 4999. @default 1000 */
  code?: number
  /** Reason to send, at most 123 bytes of UTF-8. @default '' */
  reason?: string
  /** How long all of it may take before the connection is destroyed, in ms. @default 5000 */
  deadlineMs?: number
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
 * Closes a server's `ws` socket so that a client which knows nothing of lastword still gets what was sent to it.
 * A Ping goes behind everything sent so far; every WebSocket client answers it after the frames before it. When
 * that answer has come (or half of the time is over), the close handshake follows, and what the client still
 * sends is read until the connection ends. Nothing is destroyed before the deadline.
 *
 * Send nothing more after the call: it would go behind the Ping. Works in every state of the socket; a second call
 * gives the first one's promise. The promise never rejects. Throws at once if an argument is wrong.
 */
export function closeAfterPong(
  socket: WsSocket,
  options: CloseAfterPongOptions = {},
): Promise<CloseAfterPongReport> {
  const { code = 1000, reason = '', deadlineMs = 5000 } = options
  check(socket, code, reason, deadlineMs)
  let closing = closings.get(socket)
  if (closing === undefined) {
    closing = pingThenClose(socket, code, reason, deadlineMs)
    closings.set(socket, closing)
  }
  return closing
}

const closings = new WeakMap<WsSocket, Promise<CloseAfterPongReport>>()

/** ws destroys a connection 30 s after its own close(), so a longer deadline must not call that too early. */
const closeHandshakeMsMax = 25_000

function pingThenClose(socket: WsSocket, code: number, reason: string, deadlineMs: number) {
  return new Promise<CloseAfterPongReport>((resolve) => {
    const payload = randomBytes(16)
    let pong = false
    let forced = false
    let lastTurn: NodeJS.Immediate | undefined

    const onOpen = () => {
      socket.resume()
      socket.ping(payload, undefined, () => {})
    }
    const onPong = (data: Uint8Array) => {
      if (!payload.equals(data)) return
      pong = true
      clearTimeout(pongTimer)
      socket.close(code, reason)
    }
    const onClose = (closeCode: number, closeReason: Uint8Array | string) => {
      clearTimeout(pongTimer)
      clearTimeout(deadlineTimer)
      clearImmediate(lastTurn)
      for (const [event, listener] of listeners) socket.off(event, listener)
      resolve({ pong, code: closeCode, reason: closeReason.toString(), clean: closeCode !== 1006, forced })
    }
    // An error ends the connection, and `close` tells of that; without a listener it would end the process.
    const onError = () => {}
    const listeners = [
      ['open', onOpen],
      ['pong', onPong],
      ['error', onError],
      ['close', onClose],
    ] as const
    for (const [event, listener] of listeners) socket.on(event, listener)

    const pongTimer = setTimeout(
      () => {
        if (socket.readyState === socket.OPEN) socket.close(code, reason)
      },
      Math.max(deadlineMs / 2, deadlineMs - closeHandshakeMsMax),
    )
    const deadlineTimer = setTimeout(() => {
      // After the process was held up, what has arrived meanwhile is read before immediates run.
      lastTurn = setImmediate(() => {
        forced = true
        socket.terminate()
      })
    }, deadlineMs)

    if (socket.readyState === socket.CLOSED) onClose(1006, '')
    else if (socket.readyState === socket.OPEN) onOpen()
    // The peer's close frame may wait behind data that nobody has read.
    else if (socket.readyState === socket.CLOSING) socket.resume()
  })
}

function check(socket: WsSocket, code: number, reason: string, deadlineMs: number): void {
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
  if (!Number.isFinite(deadlineMs) || deadlineMs <= 0 || deadlineMs > 2 ** 31 - 1) {
    throw new RangeError(`deadlineMs is a time in ms above 0 and below 2^31, not ${deadlineMs}.`)
  }
}
