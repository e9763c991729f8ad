import type { Fate } from '../../src/errors.ts'
import type { OutgoingMessage } from '../../src/outgoing-message.ts'

/** The truth about one message, which no machine can see, over all lives of both sides. */
export interface Sent {
  readonly id: string
  /** The how-many-eth of its sender. */
  readonly index: number
  /** What was sent: a JSON value, or bytes. */
  readonly payload: string | Uint8Array | undefined
  message: OutgoingMessage<Sent>
  /** The number under which it was first put on the network; 0 before. */
  seq: number
  /** It was in a frame that came out of the machine. */
  polled: boolean
  /** It was in a frame that was put on the network. */
  transmitted: boolean
  /** A write of its sender's journal has it: whoever is restored from that may send it. */
  written: boolean
  /** Its sender was restored with it, and cannot know whether it had left. */
  restored: boolean
  /** The receiver's application has been given it. */
  arrived: boolean
  /** The receiver's application has finished with it, and has not lost the memory of that. */
  finished: boolean
  /** Its sender has taken it back before it left, or lost it in a crash after it had been told its fate. */
  takenBack: boolean
  /** Given in when the session took no more. */
  tooLate: boolean
  fate: 'handled' | Fate | undefined
}

/** A message that has arrived, at its receiver. */
export interface Arrived {
  readonly sent: Sent
  readonly seq: number
  finished: boolean
  /** The machine has been told that the application has finished with it. */
  told: boolean
}
