import { ArgumentError } from '@lastword/protocol'
import { checkObject } from '@lastword/session'
import {
  type CloseAfterPongOptions,
  type CloseAfterPongReport,
  closeAfterPong as closeSocketAfterPong,
  type WsSocket,
} from '@lastword/transport'

/**
 * Closes a server's `ws` socket so that a client which knows nothing of lastword still gets what was sent to it: a Ping
 * goes behind everything sent so far, and the close handshake follows its Pong, or half of `deadlineMs`. Send nothing
 * more after the call; a second call gives the first one's promise.
 *
 *     socket.send(answer)
 *     const { pong } = await closeAfterPong(socket)
 *
 * Resolves when the connection is over; never rejects. The Pong is the word of the client's WebSocket library: it can be
 * there before the application has the message.
 *
 * @throws ArgumentError if that is no WebSocket of `ws`, RangeError for an option out of bounds
 */
export function closeAfterPong(
  socket: WsSocket,
  options: CloseAfterPongOptions = {},
): Promise<CloseAfterPongReport> {
  if (typeof socket?.ping !== 'function' || typeof socket.terminate !== 'function') {
    throw new ArgumentError(
      'closeAfterPong() was given no WebSocket of ws, which can ping',
      "Pass the socket of the connection event: wss.on('connection', (socket) => …).",
    )
  }
  checkObject('the options', options, 'Pass { code, reason, deadlineMs }, or nothing.')
  return closeSocketAfterPong(socket, options)
}
