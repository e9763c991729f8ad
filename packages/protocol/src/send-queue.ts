import type { OutgoingMessage } from './outgoing-message.ts'

/** Messages that have no number yet, the oldest first. Any of them can be taken back. O(1) a message, amortised. */
export class SendQueue<Tag> {
  /** What waits: what was taken back is not counted. */
  count = 0
  bytes = 0

  /** In front of the head there is nothing any more; what was taken back stands here until it is swept out. */
  #slots: Array<OutgoingMessage<Tag> | undefined> = noSlots
  #head = 0

  push(message: OutgoingMessage<Tag>): void {
    if (this.#slots === noSlots) this.#slots = []
    this.#slots.push(message)
    this.#count(message)
  }

  /** Puts messages in front of all others. */
  unshift(messages: OutgoingMessage<Tag>[]): void {
    this.#slots = [...messages, ...this.#slots.slice(this.#head)]
    this.#head = 0
    for (const message of messages) this.#count(message)
  }

  peek(): OutgoingMessage<Tag> | undefined {
    while (this.#head < this.#slots.length) {
      const message = this.#slots[this.#head] as OutgoingMessage<Tag>
      if (message.state === 'queued') return message
      this.#forgetHead()
    }
    return undefined
  }

  /** Takes out what `peek` has shown. */
  shift(): void {
    const message = this.#slots[this.#head] as OutgoingMessage<Tag>
    this.count--
    this.bytes -= message.bytes
    this.#forgetHead()
  }

  /** A message that stands here has been taken back: its state says so. */
  forget(message: OutgoingMessage<Tag>): void {
    this.count--
    this.bytes -= message.bytes
    // Swept when it is more than half of what stands here.
    if (this.#slots.length - this.#head <= 2 * this.count + 16) return
    this.#slots = this.#slots.filter((one) => one?.state === 'queued')
    this.#head = 0
  }

  /** Those that are larger than so many bytes. */
  largerThan(bytesMax: number): OutgoingMessage<Tag>[] {
    const larger: OutgoingMessage<Tag>[] = []
    for (const message of this.#slots) {
      if (message?.state === 'queued' && message.bytes > bytesMax) larger.push(message)
    }
    return larger
  }

  #count(message: OutgoingMessage<Tag>): void {
    this.count++
    this.bytes += message.bytes
  }

  /** The array is cut only when half of it is used up. The message itself is let go of at once. */
  #forgetHead(): void {
    this.#slots[this.#head] = undefined
    this.#head++
    if (this.#head === this.#slots.length) {
      this.#slots = noSlots
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head)
      this.#head = 0
    }
  }
}

/** Nothing waits. Never written to. */
const noSlots: never[] = Object.freeze([]) as unknown as never[]
