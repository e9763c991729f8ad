import type { Frame } from '../envelope.ts'
import { batchBytesMax, envelopesPerFrameMax, frameOverheadBytes, maxBytesMin } from './bounds.ts'
import type { ClientInbox } from './client-inbox.ts'
import type { ClientLink } from './client-machine.ts'
import type { ClientOutbox } from './client-outbox.ts'
import { utf8Length } from '../utf8.ts'

/**
 * Fills frames for the current link with what waits, in this order: what the link needs (`hello`, `pong`, `ping`,
 * `cancel`), the acknowledgement, messages and `fin`, notes.
 */
export class ClientWriter<Tag> {
  /** Envelopes that are not sequenced. */
  control: string[] = []
  /** The answer to the latest `ping`. */
  pong: string | undefined
  readonly #outbox: ClientOutbox<Tag>
  readonly #inbox: ClientInbox
  #notes: Array<{ text: string; payload: Uint8Array | undefined }> = []
  #noteBytes = 0

  constructor(outbox: ClientOutbox<Tag>, inbox: ClientInbox) {
    this.#outbox = outbox
    this.#inbox = inbox
  }

  /** What waited for the last link is of no use on the next one. */
  startLink(hello?: string): void {
    this.control = hello === undefined ? [] : [hello]
    this.pong = undefined
    this.#notes = []
    this.#noteBytes = 0
  }

  /** Drops the note if there is no room: notes are volatile. */
  addNote(text: string, payload: Uint8Array | undefined): void {
    const bytes = this.#noteBytes + utf8Length(text) + (payload?.length ?? 0)
    if (bytes > noteBytesMax) return
    this.#noteBytes = bytes
    this.#notes.push({ text, payload })
  }

  /** The next frame, or nothing. `strictBytes` bounds it where even a single message must not make it longer. */
  fill(link: ClientLink, strictBytes?: number): Frame | undefined {
    const outbox = this.#outbox
    const inbox = this.#inbox
    if (this.pong !== undefined) this.control.push(this.pong)
    this.pong = undefined
    const parts = this.control.splice(0, controlMax)
    while (inbox.ackDue && parts.length < 2 * controlMax) parts.push(JSON.stringify(inbox.takeAck()))
    // Brackets, commas, and what is no message must fit into the overhead that the server does not charge to the window.
    let bytes = parts.reduce((sum, part) => sum + utf8Length(part) + 1, 2)
    if (link.streaming && bytes <= frameOverheadBytes / 2) {
      const largest = link.attached ? Number.POSITIVE_INFINITY : maxBytesMin
      const budget = strictBytes ?? batchBytesMax
      let alone = strictBytes === undefined
      while (parts.length < envelopesPerFrameMax) {
        const message = outbox.next(alone ? largest : budget - bytes - 1, false)
        if (message === undefined) break
        alone = false
        bytes += message.bytes + 1
        parts.push(`{"t":"${message.fin ? 'fin' : 'msg'}","seq":${message.seq}${message.rest}`)
        if (message.fin) link.finAfterAll = inbox.finished && inbox.allTold
      }
      if (parts.length === 0) {
        const message = outbox.next(strictBytes ?? largest, true)
        if (message !== undefined) return binaryFrame(`{"t":"msg","seq":${message.seq}${message.rest}`, message.payload)
      }
    }
    // Notes go in frames of their own.
    if (parts.length === 0) {
      for (const { text, payload } of this.#notes) {
        if (payload !== undefined) {
          if (parts.length > 0) break
          this.#notes.shift()
          return binaryFrame(text, payload)
        }
        parts.push(text)
      }
      this.#notes.splice(0, parts.length)
    }
    if (this.#notes.length === 0) this.#noteBytes = 0
    return parts.length > 0 ? `[${parts.join(',')}]` : undefined
  }
}

/** Bytes of notes that may wait for a link to become writable: one frame of them. */
const noteBytesMax = batchBytesMax - frameOverheadBytes

/** Envelopes of a frame that are filled with what is no message. */
const controlMax = 64

/** The header's length in 4 bytes, the header, the payload. */
function binaryFrame(header: string, payload: Uint8Array | undefined): Uint8Array {
  const head = new TextEncoder().encode(header)
  const frame = new Uint8Array(4 + head.length + (payload as Uint8Array).length)
  new DataView(frame.buffer).setUint32(0, head.length)
  frame.set(head, 4)
  frame.set(payload as Uint8Array, 4 + head.length)
  return frame
}
