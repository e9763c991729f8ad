/** A message on its way out. `tag` belongs to whoever made it. */
export interface ClientMessage<Tag = unknown> {
  readonly id: string
  /** The envelope's text from behind the sequence number. */
  rest: string
  payload?: Uint8Array | undefined
  /** Size of the encoded envelope with the longest number, which windows and caps count. */
  readonly bytes: number
  readonly tag: Tag
  /** 0 until it is first transmitted; it keeps the number over every link after that. */
  seq: number
  /** `fin`, which is kept and sent again like a message. */
  readonly fin?: boolean
}
