import type { Frame } from '../envelope.ts'
import { batchBytesMax, envelopesPerFrameMax, frameOverheadBytes, maxBytesMin } from './bounds.ts'
import type { clientInbox } from './client-inbox.ts'
import type { ClientLink } from './client-link.ts'
import type { clientOutbox } from './client-outbox.ts'

/**
 * The next frame for a link, or nothing, filled with what waits, in this order: what is not sequenced (`control`, which
 * it takes from), the acknowledgement, messages and `fin`. `strictBytes` bounds it where even a single message must not
 * make it longer.
 */
export function fillFrame<Tag>(
  link: ClientLink,
  control: string[],
  inbox: ReturnType<typeof clientInbox>,
  outbox: ReturnType<typeof clientOutbox<Tag>>,
  strictBytes?: number,
): Frame | undefined {
  const parts = control.splice(0, controlMax)
  while (inbox.ackDue() && parts.length < 2 * controlMax) parts.push(JSON.stringify(inbox.takeAck()))
  // Brackets, commas, and what is no message must fit into the overhead that the server does not charge to the window.
  let bytes = utf8(parts.join()).length + 2
  if (link.streaming && bytes < frameOverheadBytes / 2) {
    // Before `welcome` only what every server takes.
    const largest = strictBytes ?? (link.attached ? Number.POSITIVE_INFINITY : maxBytesMin)
    let room = largest
    while (parts.length < envelopesPerFrameMax) {
      const message = outbox.next(room, false)
      if (!message) break
      bytes += message.bytes + 1
      room = (strictBytes ?? batchBytesMax) - bytes
      if (message.fin) link.finAfterAll = inbox.finished() && inbox.allTold()
      parts.push(`{"t":"${message.fin ? 'fin' : 'msg'}","seq":${message.seq}${message.rest}`)
    }
    const message = parts[0] ? undefined : outbox.next(largest, true)
    if (message) {
      const header = utf8(`{"t":"msg","seq":${message.seq}${message.rest}`)
      const payload = message.payload as Uint8Array
      const frame = new Uint8Array(4 + header.length + payload.length)
      new DataView(frame.buffer).setUint32(0, header.length)
      frame.set(header, 4)
      frame.set(payload, 4 + header.length)
      return frame
    }
  }
  return parts[0] ? `[${parts}]` : undefined
}

/** The bytes of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

/** Envelopes of a frame that are filled with what is no message. */
const controlMax = 64
