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

  constructor(
    readonly id: string,
    /** The envelope's text from behind the sequence number. */
    public rest: string,
    public payload: Uint8Array | undefined,
    /** Size of the encoded envelope, which windows and caps count. */
    readonly bytes: number,
    readonly tag: Tag,
  ) {}

  /** It will never be transmitted (again), and takes no memory for it. */
  forget(): void {
    this.state = 'settled'
    this.rest = ''
    this.payload = undefined
  }
}
