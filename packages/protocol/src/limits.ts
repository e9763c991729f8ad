/**
 * Every bound of the protocol, in one place. `PROTOCOL.md` section "Limits and defaults" states each of them,
 * and a test holds the two together. Sizes are bytes, times are milliseconds.
 */
export const limits = {
  /** The protocol version that `hello` names. */
  version: 1,

  /** Sequence numbers stay below this, so that every language that reads JSON numbers as doubles counts exactly. */
  seqMax: 2 ** 53 - 1,

  /** Characters of a message id, a session id or a key. */
  idCharsMax: 64,
  /** Fewest characters of a session id and of a key: 16 characters of 64 are 96 bits. */
  sidCharsMin: 16,
  /** UTF-16 code units of a message's name (`ch`). */
  chCharsMax: 128,
  /** UTF-16 code units of a reason. In a close frame it is cut to the 123 bytes that fit there (RFC 6455, 5.5). */
  reasonCharsMax: 120,
  /** UTF-16 code units of an error's code and of its message (`err`). */
  errCodeCharsMax: 64,
  errMessageCharsMax: 1024,
  /** Entries of `meta`, and UTF-16 code units of each of its keys and values. */
  metaEntriesMax: 16,
  metaCharsMax: 512,
  /** UTF-16 code units of `location`. */
  locationCharsMax: 2048,
  /** UTF-16 code units of `agent`. */
  agentCharsMax: 128,

  /** Ranges in one `ack`; a sender with more to say sends another `ack`. */
  ackRangesMax: 64,
  /** Envelopes in one text frame. */
  envelopesPerFrameMax: 2048,
  /** Nesting of objects and arrays in a payload. */
  depthMax: 64,
  /** Bytes of the JSON header of a binary frame. */
  headerBytesMax: 16 * 1024,

  /**
   * Bytes that a frame may be longer than the largest message it may carry: brackets, commas, and the
   * unsequenced envelopes that travel along. A receiver takes as much off before it charges a frame.
   */
  frameOverheadBytes: 4 * 1024,
  /** Longest frame that may carry more than one sequenced envelope. */
  batchBytesMax: 64 * 1024,
  /** Smallest `maxBytes` that a side may ask for. */
  maxBytesMin: 64 * 1024,
  /** Largest `maxBytes` and `window.bytes` that a side may ask for. */
  bytesMax: 2 ** 31 - 1,
  /** Largest `window.messages`. */
  windowMessagesMax: 65_536,
  /** How far a `seq` may be above the highest one below which everything is acknowledged, whatever the window. */
  sequenceSpanMax: 65_536,
  /** Characters of the early frame in its base64url form. */
  earlyCharsMax: 6 * 1024,
  /** Protocol faults of the peer in a row, with no message handled in between, before the session is given up. */
  faultsInARowMax: 3,
  /** What the body of an HTTP link may be longer than the largest frame that it may carry. */
  bodyOverheadBytes: 4 * 1024,
  /** Longest body of an HTTP link that carries more than one frame. */
  bodyBatchBytesMax: 64 * 1024,
  /** Rounds of one HTTP link that may be under way at once. */
  roundsMax: 2,
  /** Longest that a round of an HTTP link may wait for something to answer with; a client waits a little longer. */
  roundMsMax: 25_000,
  /** Longest time that goes over the wire: what a 32-bit timer can wait, about 25 days. */
  timerMsMax: 2 ** 31 - 1,
} as const

/** What holds when an option is not given. `PROTOCOL.md` and the README list them. */
export const defaults = {
  windowMessages: 1024,
  windowBytes: 4 * 1024 * 1024,
  maxBytes: 1024 * 1024,
  queuedBytesMax: 16 * 1024 * 1024,
  ttlMs: 60_000,
  keepaliveMs: 15_000,
  helloTimeoutMs: 10_000,
  connectTimeoutMs: 10_000,
  lingerMs: 5_000,
  closeTimeoutMs: 60_000,
  roundMs: 20_000,
  roundGapMs: 10_000,
  reconnectMinMs: 100,
  reconnectMaxMs: 10_000,
} as const

function relation(holds: boolean, text: string): void {
  if (!holds) throw new Error(`limits.ts contradicts itself: ${text}`)
}

relation(defaults.windowBytes >= defaults.maxBytes, 'a window must hold the largest message')
relation(defaults.queuedBytesMax >= defaults.windowBytes, 'a sender must be able to fill the window')
relation(defaults.maxBytes >= limits.maxBytesMin, 'the default maxBytes is below its own minimum')
relation(
  limits.maxBytesMin >= limits.batchBytesMax,
  'a batch must fit where the smallest message limit is set',
)
relation(limits.frameOverheadBytes < limits.batchBytesMax, 'the overhead must leave room for messages')
relation(limits.sequenceSpanMax >= limits.windowMessagesMax, 'the span must hold the largest window')
relation(limits.ackRangesMax * 34 + 64 < limits.frameOverheadBytes, 'a full ack must fit into the overhead')
relation(
  limits.maxBytesMin + limits.frameOverheadBytes + limits.bodyOverheadBytes > limits.bodyBatchBytesMax,
  'a body with several frames must fit where the smallest message limit is set',
)
relation(limits.bodyOverheadBytes >= 5 + 1024, 'a body must hold the largest frame and what a round says')
relation(defaults.roundMs <= limits.roundMsMax, 'a round must not hang for longer than a client waits')
relation(limits.earlyCharsMax * 0.75 < limits.batchBytesMax, 'an early frame is a batch like any other')
relation(defaults.keepaliveMs * 2 < defaults.ttlMs, 'a dead link must be noticed before its session expires')
