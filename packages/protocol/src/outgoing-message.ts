/**
 * A message on its way out: made by `encodeMessage`, handed to the machine by a `send` input, and handed back in a
 * `settled` output. `tag` belongs to whoever made it.
 */
export class OutgoingMessage<Tag = unknown> {
  /** 0 until it is first transmitted; it keeps the number over every link after that. */
  seq = 0
  state: 'queued' | 'in-flight' | 'settled' = 'queued'

  constructor(
    readonly id: string,
    /** The envelope's text from behind the sequence number. */
    readonly rest: string,
    readonly payload: Uint8Array | undefined,
    /** Size of the encoded envelope, which windows and caps count. */
    readonly bytes: number,
    readonly tag: Tag,
  ) {}
}
