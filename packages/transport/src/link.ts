/**
 * A link is one connection that carries frames for a while. It knows nothing of sessions or envelopes.
 *
 * The promise of every link: what was accepted by `send` leaves, what arrived is delivered, and only then is
 * the end reported, once, within a deadline, with a truthful account when that could not be kept.
 */
export interface Link {
  /** The subprotocol that the server selected; empty until `onOpen`, and when it selected none. */
  readonly protocol: string
  /** True while more may be handed over now: the link is open and what it still holds is below its low-water mark. */
  readonly writable: boolean
  /** Bytes accepted by `send` that have not left the process, as far as the platform tells. */
  readonly bufferedBytes: number

  /**
   * Names who hears of what happens. Called once, right after the link was made; whatever arrived before
   * is delivered after that, in order.
   */
  attach(events: LinkEvents): void
  /**
   * Hands one frame over. A link that is not open (any more) drops it silently: whoever needs to know asks for
   * acknowledgements. The bytes of a binary frame are only lent: the link changes none of them, for they may be sent
   * again on another one; and if somebody else does, what is sent may change.
   *
   * @param last True if no other frame follows for now: a link that puts the frames of one turn into one write does not
   * hold this one back for what may come. @default false
   */
  send(frame: string | Uint8Array, last?: boolean): void
  /**
   * The same for a text frame of which the longest part is UTF-8 already. Absent where the platform takes texts alone.
   */
  sendPieces?(pieces: TextInPieces, last?: boolean): void
  /**
   * Stops delivering frames (back-pressure) until `resume`, or until the link has ended: then what was kept is
   * delivered before `onEnd`. A Node link reads on into a bounded store, and stops reading when that is full;
   * where the platform cannot stop reading, all that arrives is kept.
   */
  pause(): void
  /** Goes on delivering, after the caller has returned. */
  resume(): void
  /**
   * Ends the link so that nothing is lost: accepts no more, hands over what it holds, does the close
   * handshake, and goes on delivering what arrives until the peer's end or the deadline. The deadline moves on
   * while bytes move. A link that is not open yet is given up. Resolves after `onEnd`, also when the link had
   * ended already; calling it again changes nothing.
   *
   * A code that may not be sent is replaced by 1000, a reason that is too long is cut; it never throws.
   *
   * @param options.lingerMs How long nothing may move before the connection is destroyed, in ms. Default 5000.
   * In Node, each further MiB that waits gets as much again.
   * @param options.peerDone True if all that the peer may still say is its close frame, and it needs no more than ours: a
   * link that was told so (`endsFirst`) ends its half of the connection right behind the close frame.
   */
  close(code: number, reason: string, options?: { lingerMs?: number; peerDone?: boolean }): Promise<LinkEnd>
  /** Drops the connection at once. What is still under way may be lost; the end is reported all the same, soon after. */
  abort(): void
}

/** One text: these, one behind the other. The bytes are only lent: the link has copied them when `sendPieces` returns. */
export interface TextInPieces {
  readonly before: string
  readonly text: Uint8Array
  readonly after: string
}

export interface LinkEvents {
  /** The handshake is done. Called at most once, before any frame. */
  onOpen(): void
  /** One frame, whole. `bytes` is its length on the wire, or a lower bound of it where the platform does not tell. */
  onFrame(frame: string | Uint8Array, bytes: number): void
  /** `writable` became true again. */
  onDrain(): void
  /** It is over. Called exactly once, after the last `onFrame`. */
  onEnd(end: LinkEnd): void
}

/** Why a connection could not be made, or did not last. */
export type LinkFailure =
  /** No connection: refused, unreachable, name not found, timed out, given up. No frame was sent. */
  | 'unreachable'
  /** The TLS handshake failed, mostly because the certificate is not trusted, has expired or is for another name. No frame was sent. */
  | 'certificate'
  /** The server answered the upgrade request with an HTTP status (`httpStatus`). */
  | 'upgrade-refused'
  /** The server is a WebSocket server and did not select the subprotocol. */
  | 'subprotocol-refused'
  /** It was not made, and the platform (a browser) does not say why. */
  | 'not-opened'
  /** It was made, and ended without a close handshake. */
  | 'lost'

/** How a link ended. */
export interface LinkEnd {
  /** The code and the reason of the peer's close frame; 1005 without a code, 1006 without a close frame. */
  code: number
  reason: string
  /** True if both sides' close frames were seen. */
  clean: boolean
  /** True if the handshake had been done. */
  opened: boolean
  /** Absent when `clean`. */
  failure?: LinkFailure
  /** Of a refused upgrade. */
  httpStatus?: number
  /** What the platform reported, where it did. */
  error?: Error
  /** True if everything accepted by `send` was handed to the operating system. */
  flushed: boolean
  /** True if the peer's end of the connection was seen (its close frame, or its FIN). */
  peerEnded: boolean
  /**
   * True if this side destroyed the connection: a deadline passed, or `abort` was called. What the peer still sent
   * may be lost. A link can be `clean` and forced: over TLS, the peer said its close frame and then kept the connection.
   * (Without TLS nothing is waited for behind both close frames.)
   */
  forced: boolean
  /** True if this side ended its half of the connection right behind its close frame, before it had the peer's. */
  endedFirst?: boolean
  /** Bytes accepted by `send` that are known not to have left the process, counted by whole frames in Node. */
  bytesUnsent: number
}

export interface OpenLinkOptions {
  /** Subprotocols to offer, the preferred one first. */
  protocols: string[]
  /** How long the connection may take to be made, in ms. @default 10000 */
  connectTimeoutMs?: number
  /** Above how many buffered bytes the link is busy (`writable` false). @default 65536 */
  lowWaterBytes?: number
  /** Largest frame taken, in bytes; a larger one ends the link with 1009. */
  frameBytesMax?: number
}

/** Makes links to a server: the one place where an SDK touches the platform's network. */
export type OpenLink = (url: string, options: OpenLinkOptions) => Link
