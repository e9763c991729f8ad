import { Socket } from 'node:net'
import { type FrameRoom, giveBack, takeRoom } from './frame-room.ts'
import type { TextInPieces } from './link.ts'
import { binaryFrame, binaryFrameHeader, textFrame, textFrameOfPieces } from './ws-frame.ts'
import type { WsSocket } from './ws-socket.ts'

/**
 * True if frames may be written to the connection below a `ws` socket without `ws`: it writes to that very one, has nothing
 * to compress, and so keeps nothing back that ours would overtake. Only a connection of Node itself is known to have done
 * with what it was given when it says so; whoever has put a `write` of its own in place of that may keep what it is given.
 */
export function mayWriteFrames(socket: WsSocket, connection: Socket): boolean {
  return (
    socket.extensions === '' && isBelow(socket, connection) && connection.write === Socket.prototype.write
  )
}

/** True if this is the connection that a `ws` socket writes to, and one of Node itself. */
export function isBelow(socket: WsSocket, connection: Socket): boolean {
  return socket._socket === connection && connection instanceof Socket
}

/** Who hears what became of a frame. */
export interface FrameListener {
  /** The system has it, or this went wrong. `bytes`: how many it had. */
  onFrameWritten(bytes: number, error: Error | null | undefined): void
}

/**
 * Writes a whole message as one WebSocket frame. `ws` does that as well; here it is masked in a seventh of the time, has no
 * memory of its own, and is one write.
 *
 * @param bytes how many `frame` has, a text as UTF-8
 * @param masked true on the side of the client
 */
export function writeFrame(
  connection: Socket,
  frame: string | Uint8Array | TextInPieces,
  bytes: number,
  masked: boolean,
  listener: FrameListener,
): void {
  const apart = frame instanceof Uint8Array && !masked && bytes > copiedBytesMax
  const room = takeRoom(apart ? 0 : bytes)
  const onDone = (error?: Error | null) => {
    // What could not be written may still be read by the system; and a connection that is destroyed reports no error for that.
    if (!error && !connection.destroyed) giveBack(room)
    listener.onFrameWritten(bytes, error)
  }
  if (apart) {
    connection.cork()
    connection.write(binaryFrameHeader(room, bytes))
    connection.write(frame, onDone)
    connection.uncork()
  } else connection.write(frameIn(room, frame, bytes, masked), onDone)
}

function frameIn(
  room: FrameRoom,
  frame: string | Uint8Array | TextInPieces,
  bytes: number,
  masked: boolean,
): Buffer {
  if (typeof frame === 'string') return textFrame(room, frame, bytes, masked)
  return frame instanceof Uint8Array
    ? binaryFrame(room, frame, masked)
    : textFrameOfPieces(room, frame, bytes, masked)
}

/** A binary frame that needs no mask is copied behind its header up to so many bytes; a longer one is written in two pieces. */
const copiedBytesMax = 4 * 1024
