import type { AttachedLink } from './attached-link.ts'
import type { Counters } from './counters.ts'
import {
  encodeAck,
  encodeBinaryFrame,
  encodeBinaryMsg,
  encodeEnvelope,
  encodeMsg,
  encodeMsgBeforeText,
  seqChars,
  seqCharsMax,
} from './encode.ts'
import type { Frame, FrameInPieces } from './envelope.ts'
import type { Inbox } from './inbox.ts'
import { limits } from './limits.ts'
import type { Outbox } from './outbox.ts'
import { utf8Length } from './utf8.ts'
import { wholeFrame } from './whole-frame.ts'

/**
 * Fills frames for the current link with what waits, in this order: what a link needs (`hello`, `welcome`, keepalive,
 * `cancel`, `away`), the acknowledgement, messages and `fin`, notes.
 *
 * Batching lives here: a frame is filled up to a byte budget with whatever waits when the link can take one. It is
 * larger the busier the link is, and nothing ever waits for a frame to become full.
 */
export class FrameFiller<Tag> {
  readonly #outbox: Outbox<Tag>
  readonly #inbox: Inbox
  readonly #counters: Counters
  readonly #bytesGoal: number
  #control: string[] | undefined
  #pong: string | undefined
  #notes: Array<{ text: string; payload: Uint8Array | undefined }> | undefined
  #noteBytes = 0

  /** `bytesGoal`: messages are added to a frame up to so many bytes. */
  constructor(outbox: Outbox<Tag>, inbox: Inbox, counters: Counters, bytesGoal: number) {
    this.#bytesGoal = bytesGoal
    this.#outbox = outbox
    this.#inbox = inbox
    this.#counters = counters
  }

  /** What waited for the last link is of no use on the next one. */
  startLink(): void {
    this.#control = undefined
    this.#pong = undefined
    this.#notes = undefined
    this.#noteBytes = 0
  }

  /** Only the last answer waits: a peer that asks without ever reading must not fill our memory. */
  setPong(envelope: string): void {
    this.#pong = envelope
  }

  addControl(envelope: string): void {
    this.#control ??= []
    this.#control.push(envelope)
  }

  /** Drops the note if there is no room: notes are volatile. */
  addNote(text: string, payload: Uint8Array | undefined): void {
    const bytes = noteBytes(text, payload)
    if (this.#noteBytes + bytes > noteBytesMax) return
    this.#noteBytes += bytes
    this.#notes ??= []
    this.#notes.push({ text, payload })
  }

  /** The next frame, or nothing. `strictBytes` bounds it where even a single message must not make it longer. */
  fill(link: AttachedLink, strictBytes?: number): Frame | undefined {
    const frame = this.fillPieces(link, strictBytes)
    return frame === undefined ? undefined : wholeFrame(frame)
  }

  /** The same, with a long text left as it is kept. */
  fillPieces(link: AttachedLink, strictBytes?: number): Frame | FrameInPieces | undefined {
    if (!this.#anything) return undefined
    const parts: string[] = []
    let text: Uint8Array | undefined
    let behind = parts
    let bytes = this.#addControl(parts)
    while (this.#inbox.ackDue && bytes <= controlBytesMax) {
      const ack = encodeAck(this.#inbox.takeAck())
      parts.push(ack)
      bytes += ack.length + 1
    }
    // A long `hello` goes alone, so that a frame is never longer than its largest message and the overhead.
    if (link.streaming && bytes <= limits.frameOverheadBytes / 2) {
      const carried = this.#addMessages(link, parts, bytes, strictBytes)
      if (parts.length === 0) {
        const frame = this.#binaryFrame(link, strictBytes)
        if (frame !== undefined) return frame
      }
      text = carried.text
      bytes += carried.fin + carried.messages
      let room = limits.batchBytesMax - bytes
      // Beside messages, notes must fit into the overhead that the receiver does not charge to the window.
      if (carried.messages > 0) room = Math.min(room, limits.frameOverheadBytes - bytes + carried.messages)
      // Behind a long text as well: they would wait until none is queued any more.
      if (text !== undefined) behind = []
      if (link.attached) bytes += this.#addNotes(behind, room, parts.length)
      bytes -= carried.shorter
    }
    if (parts.length > 0) {
      // Each part was counted with a comma behind it, and the last one has none.
      this.#counters.frameMade(bytes - 1)
      if (text === undefined) return `${listOf(parts)}]`
      return { before: listOf(parts), text, after: `}${behind.map((note) => `,${note}`).join('')}]` }
    }
    return link.attached ? this.#noteFrame() : undefined
  }

  /** False if there is nothing for any link: mostly so, for it is asked after each frame. */
  get #anything(): boolean {
    if (this.#control !== undefined || this.#pong !== undefined || this.#notes !== undefined) return true
    return this.#inbox.ackDue || this.#outbox.hasNext
  }

  /** As much as leaves room for an acknowledgement; the first one whatever its length, for `hello` may be long. */
  #addControl(parts: string[]): number {
    if (this.#pong !== undefined) this.addControl(this.#pong)
    this.#pong = undefined
    let bytes = 2
    if (this.#control === undefined) return bytes
    for (const envelope of this.#control) {
      const more = utf8Length(envelope) + 1
      if (parts.length > 0 && bytes + more > controlBytesMax) break
      if (parts.length === limits.envelopesPerFrameMax / 2) break
      parts.push(envelope)
      bytes += more
    }
    this.#control = parts.length === this.#control.length ? undefined : this.#control.slice(parts.length)
    return bytes
  }

  /** Returns the bytes that were added, and the text that has to stand behind the last part. Messages count with the longest number: `shorter` is what they are less than that. */
  #addMessages(
    link: AttachedLink,
    parts: string[],
    start: number,
    strictBytes: number | undefined,
  ): { messages: number; fin: number; shorter: number; text?: Uint8Array } {
    // Where there is a bound, a message that is longer than the goal has to fit behind what stands in front of it.
    const budget = strictBytes === undefined ? this.#bytesGoal : Math.min(limits.batchBytesMax, strictBytes)
    let bytes = start
    let shorter = 0
    for (let count = 0; parts.length < limits.envelopesPerFrameMax; count++) {
      const alone = count === 0 && strictBytes === undefined
      const next = this.#outbox.next(alone ? largest(link) : budget - bytes - 1, 'text')
      if (next === undefined) break
      if ('t' in next) {
        link.finAfterAll = this.#inbox.finished && this.#inbox.allTold
        const fin = encodeEnvelope(next)
        parts.push(fin)
        return { messages: bytes - start, fin: utf8Length(fin) + 1, shorter }
      }
      this.#counters.transmitted(next.seq)
      bytes += next.bytes + 1
      const text = next.textUtf8
      if (text !== undefined) {
        parts.push(encodeMsgBeforeText(next))
        shorter += seqCharsMax - String(next.seq).length
        return { messages: bytes - start, fin: 0, shorter, text }
      }
      const envelope = encodeMsg(next)
      parts.push(envelope)
      shorter += seqCharsMax - seqChars(next, envelope)
    }
    return { messages: bytes - start, fin: 0, shorter }
  }

  #binaryFrame(link: AttachedLink, strictBytes: number | undefined): Frame | undefined {
    const next = this.#outbox.next(strictBytes ?? largest(link), 'binary')
    if (next === undefined || 't' in next || next.payload === undefined) return undefined
    this.#counters.transmitted(next.seq)
    return this.#counted(encodeBinaryMsg(next, next.payload))
  }

  /** Returns the bytes that were added. `envelopes`: how many the frame has already. */
  #addNotes(parts: string[], bytesMax: number, envelopes: number): number {
    let bytes = 0
    let taken = 0
    for (const note of this.#notes ?? []) {
      const more = utf8Length(note.text) + 1
      if (note.payload !== undefined || bytes + more > bytesMax) break
      if (envelopes + taken >= limits.envelopesPerFrameMax) break
      parts.push(note.text)
      bytes += more
      taken++
    }
    this.#forgetNotes(taken)
    return bytes
  }

  #noteFrame(): Frame | undefined {
    const note = this.#notes?.[0]
    if (note?.payload === undefined) return undefined
    this.#forgetNotes(1)
    return this.#counted(encodeBinaryFrame(note.text, note.payload))
  }

  #counted(frame: Uint8Array): Frame {
    this.#counters.frameMade(frame.length)
    return frame
  }

  #forgetNotes(count: number): void {
    if (count === 0 || this.#notes === undefined) return
    for (const note of this.#notes.slice(0, count)) this.#noteBytes -= noteBytes(note.text, note.payload)
    this.#notes = count === this.#notes.length ? undefined : this.#notes.slice(count)
  }
}

/** Bytes of notes that may wait for a link to become writable. */
export const noteBytesMax = limits.batchBytesMax - limits.frameOverheadBytes

/** Bytes of a frame that are filled with what is no message, and a little more for the last acknowledgement. */
const controlBytesMax = limits.batchBytesMax / 2

/** The largest message that may go on this link now: before `welcome` what every server takes, then no bound but the peer's own. */
function largest(link: AttachedLink): number {
  return link.attached ? Number.POSITIVE_INFINITY : limits.maxBytesMin
}

/** A JSON array of what is JSON already, without its end. Most frames hold one or two envelopes, for which `join` would cost more. */
function listOf(parts: readonly string[]): string {
  let list = `[${parts[0]}`
  for (let index = 1; index < parts.length; index++) list += `,${parts[index]}`
  return list
}

function noteBytes(text: string, payload: Uint8Array | undefined): number {
  return utf8Length(text) + (payload?.byteLength ?? 0)
}
