/** What one side has done in its sessions, in numbers that only rise. JSON as it is. */
export interface Traffic {
  /** Links to which a session has been attached. */
  links: number
  sent: {
    /** Messages that were handed to a link, each counted once. Replies are messages. */
    messages: number
    /** How often one of them was handed to a link again, because the link before was lost. */
    replayed: number
    /** Messages of this side that the peer has handled. */
    handled: number
    /** Frames made for links, and their bytes: some of them may never have left. */
    frames: number
    bytes: number
  }
  received: {
    /** Messages of the peer, each counted once. */
    messages: number
    /** Messages that had come before, and were dropped. */
    duplicates: number
    /** Messages of the peer that were handled here. */
    handled: number
    /** Frames that came, and their bytes. */
    frames: number
    bytes: number
  }
}

/** Counts what one session does, and adds it to what all of them do. */
export class Counters implements Traffic {
  links = 0
  /** How long the latest question took to be answered, in ms, and smoothed over the latest ones. */
  roundTripMs: number | undefined
  smoothedRoundTripMs: number | undefined
  readonly #total: Counters | undefined
  // One object for all of them: each session has it.
  #sentMessages = 0
  #sentReplayed = 0
  #sentHandled = 0
  #sentFrames = 0
  #sentBytes = 0
  #receivedMessages = 0
  #receivedDuplicates = 0
  #receivedHandled = 0
  #receivedFrames = 0
  #receivedBytes = 0
  /** The highest sequence number of a message that was handed to a link. */
  #highest = 0
  #greetingOnly = true

  constructor(total?: Counters) {
    this.#total = total
  }

  get sent(): Traffic['sent'] {
    return {
      messages: this.#sentMessages,
      replayed: this.#sentReplayed,
      handled: this.#sentHandled,
      frames: this.#sentFrames,
      bytes: this.#sentBytes,
    }
  }

  get received(): Traffic['received'] {
    return {
      messages: this.#receivedMessages,
      duplicates: this.#receivedDuplicates,
      handled: this.#receivedHandled,
      frames: this.#receivedFrames,
      bytes: this.#receivedBytes,
    }
  }

  attached(): void {
    this.links++
    this.#total?.attached()
  }

  // Each of these names the numbers that it adds to: a field that is found by a name in a variable is found by a search.

  /** A frame of so many bytes was made for a link. */
  frameMade(bytes: number): void {
    this.#sentFrames++
    this.#sentBytes += bytes
    this.#total?.frameMade(bytes)
  }

  /** The message with this number was handed to a link. */
  transmitted(seq: number): void {
    const isNew = seq > this.#highest
    if (isNew) this.#highest = seq
    this.countTransmitted(isNew ? 1 : 0, isNew ? 0 : 1)
  }

  /** So many messages were handed to a link for the first time, or again. */
  countTransmitted(messages: number, replayed: number): void {
    this.#sentMessages += messages
    this.#sentReplayed += replayed
    this.#total?.countTransmitted(messages, replayed)
  }

  /** Of what was handed to the latest link, all above this number never left. */
  neverLeft(last: number): void {
    if (this.#highest <= last) return
    this.countTransmitted(last - this.#highest, 0)
    this.#highest = last
  }

  /** The peer has handled so many messages of this side. */
  handledByPeer(messages: number): void {
    this.#sentHandled += messages
    this.#total?.handledByPeer(messages)
  }

  /** A frame of so many bytes came. */
  frameCame(bytes: number): void {
    this.#receivedFrames++
    this.#receivedBytes += bytes
    this.#total?.frameCame(bytes)
  }

  /** So many messages of the peer came, or had come before. */
  messagesCame(messages: number, duplicates: number): void {
    this.#receivedMessages += messages
    this.#receivedDuplicates += duplicates
    this.#total?.messagesCame(messages, duplicates)
  }

  /** A message of the peer was handled here. */
  handledHere(): void {
    this.#receivedHandled++
    this.#total?.handledHere()
  }

  /**
   * A question was answered after so long. That `hello` was answered counts only until a `ping` is: it may have waited
   * for the server to look at who is asking.
   */
  answered(ms: number, greeting: boolean): void {
    if (greeting && !this.#greetingOnly) return
    const before = this.#greetingOnly ? undefined : this.smoothedRoundTripMs
    this.#greetingOnly = greeting
    this.roundTripMs = ms
    // As TCP does it: each new one counts an eighth.
    this.smoothedRoundTripMs = before === undefined ? ms : before + (ms - before) / 8
  }
}
