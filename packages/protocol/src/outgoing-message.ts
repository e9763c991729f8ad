import { utf8Text } from './utf8.ts'

/**
 * A message on its way out: made by `encodeMessage`, handed to the machine by a `send` input, and handed back in a
 * `handled` or `failed` output. `tag` belongs to whoever made it.
 */
export class OutgoingMessage<Tag = unknown> {
  /** 0 until it is first transmitted; it keeps the number over every link after that. */
  seq = 0
  state: 'queued' | 'in-flight' | 'settled' = 'queued'
  /** Where there is a journal: its place among the messages of its session, and the write that first has it. */
  order = 0
  write = 0
  /** True if there is room for the header of its frame in front of `payload`, in the memory that is its own. */
  roomInFront = false

  /** What stands behind the id in its envelope; all from behind the sequence number on, where `text` is `undefined`. */
  #head: string
  /** What stands behind that, and in front of the last brace; as UTF-8 where it is long. */
  #text: string | Uint8Array | undefined

  /** `head` and `text`: together with the id, its envelope from behind the sequence number on. */
  constructor(
    readonly id: string,
    head: string,
    text: string | Uint8Array | undefined,
    public payload: Uint8Array | undefined,
    /** Size of the encoded envelope, which windows and caps count. */
    readonly bytes: number,
    readonly tag: Tag,
  ) {
    this.#head = head
    this.#text = text
  }

  /**
   * The envelope's text from behind the sequence number. Put together each time: what joins its pieces would take more
   * than they do, and be kept for as long as the message is in flight.
   */
  get rest(): string {
    const text = this.#text
    if (text === undefined) return this.#head
    return `${this.restBeforeText}${typeof text === 'string' ? text : utf8Text(text)}}`
  }

  /** What stands in `rest` in front of the text. */
  get restBeforeText(): string {
    return `${idHead}${this.id}${this.#head}`
  }

  /** The text, where it is kept as UTF-8: what is behind that in `rest` is a brace. */
  get textUtf8(): Uint8Array | undefined {
    return typeof this.#text === 'object' ? this.#text : undefined
  }

  /** Its length, where its text is not kept as UTF-8. */
  get restChars(): number {
    if (this.#text === undefined) return this.#head.length
    return idHead.length + this.id.length + this.#head.length + this.#text.length + 1
  }

  /** It is handled, and nobody will ask for its text again. Returns the memory of that, where it was kept as UTF-8. */
  release(): Uint8Array | undefined {
    const text = this.textUtf8
    if (text !== undefined) this.#text = undefined
    return text
  }

  /** It will never be transmitted (again), and takes no memory for it. */
  forget(): void {
    this.state = 'settled'
    this.#head = ''
    this.#text = undefined
    this.payload = undefined
  }
}

const idHead = ',"id":"'
