import type { IncomingMessage as HttpRequest } from 'node:http'
import {
  closeCodes,
  type DecodedFrame,
  decodeEarly,
  decodeFrame,
  earlyPrefix,
  type Frame,
  type HelloEnvelope,
  limits,
  PeerFault,
  type ResetCode,
} from '@lastword/protocol'
import type { Link, LinkEnd, LinkEvents } from '@lastword/transport'

/** Why a link that broke no rule was not let in: its client is told by a `reset` with this code. */
export class Refusal extends Error {
  /** Set if the session is here all the same: the client must not take the refusal for a sign that nothing had any effect. */
  got: number | undefined

  constructor(
    readonly code: ResetCode,
    message: string,
    /** What went wrong here. It is the server's own business: the client is not told. */
    cause?: unknown,
  ) {
    super(message, { cause })
  }
}

/** What a link brings that has introduced itself. */
export interface Arrival {
  hello: HelloEnvelope
  /** What came in the same frame. */
  rest: DecodedFrame
  bytes: number
}

export interface DoorOptions {
  helloTimeoutMs: number
  frameBytesMax: number
  /** The subprotocols that were offered, where that was not in a header of the request. */
  offered?: readonly string[]
}

export interface DoorHost {
  /**
   * Decides about a link that has said `hello`: returns who hears of it from now on.
   *
   * @throws Refusal
   */
  admit(arrival: Arrival, link: Link, request: HttpRequest): Promise<LinkEvents>
  onRefused(refusal: PeerFault | Refusal): void
  /** The link is over. */
  onEnd(end: LinkEnd): void
}

/** The door of one link. */
export interface LinkDoor {
  /** The server is going: closes the link, unless it has introduced itself. */
  goAway(): void
}

/**
 * Stands between a new link and the sessions: waits for `hello`, has it decided upon, and hands the link over with
 * everything that arrived meanwhile. A link that is refused is told why and closed; nobody else notices.
 */
export function receiveLink(
  link: Link,
  request: HttpRequest,
  options: DoorOptions,
  host: DoorHost,
): LinkDoor {
  const door = new Door(link, request, options, host)
  door.open()
  return door
}

class Door implements LinkDoor {
  readonly #link: Link
  readonly #request: HttpRequest
  readonly #options: DoorOptions
  readonly #host: DoorHost
  #owner: LinkEvents | undefined
  #arrived = false
  #refused = false
  /** What came while it was being decided. The link is paused then, so it is not much. */
  #waiting: Array<{ frame: Frame; bytes: number }> = []
  #end: LinkEnd | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(link: Link, request: HttpRequest, options: DoorOptions, host: DoorHost) {
    this.#link = link
    this.#request = request
    this.#options = options
    this.#host = host
  }

  open(): void {
    this.#link.attach({
      onOpen: () => {},
      onFrame: (frame, bytes) => this.#onFrame(frame, bytes),
      onDrain: () => this.#owner?.onDrain(),
      onEnd: (end) => this.#onEnd(end),
    })
    this.#timer = setTimeout(() => {
      this.#refuse(new PeerFault('helloTimeout', `no hello within ${this.#options.helloTimeoutMs} ms`))
    }, this.#options.helloTimeoutMs)
    this.#timer.unref()
    let { offered } = this.#options
    if (offered === undefined) {
      offered = offeredProtocols(this.#request)
      withoutEarly(this.#request, offered)
    }
    try {
      const early = decodeEarly(offered)
      if (early !== undefined) this.#introduce(early, Buffer.byteLength(early))
    } catch (error) {
      this.#refuse(error)
    }
  }

  goAway(): void {
    if (this.#arrived || this.#refused) return
    this.#refused = true
    clearTimeout(this.#timer)
    void this.#link.close(closeCodes.goingAway, 'the server is shutting down')
  }

  #onFrame(frame: Frame, bytes: number): void {
    if (this.#owner !== undefined) return this.#owner.onFrame(frame, bytes)
    if (this.#refused) return
    if (this.#arrived) this.#waiting.push({ frame, bytes })
    else this.#introduce(frame, bytes)
  }

  #introduce(frame: Frame, bytes: number): void {
    this.#arrived = true
    clearTimeout(this.#timer)
    try {
      const decoded = decodeFrame(frame, bytes, this.#options)
      const [hello, ...envelopes] = decoded.envelopes
      if (hello?.t !== 'hello') throw new PeerFault('helloExpected', `the first envelope was ${hello?.t}`)
      if (hello.v !== limits.version) {
        throw new Refusal(
          'version-unsupported',
          `version ${hello.v} is not spoken here, ${limits.version} is`,
        )
      }
      this.#link.pause()
      const arrival = { hello, rest: { envelopes, payload: decoded.payload }, bytes }
      this.#host.admit(arrival, this.#link, this.#request).then(
        (owner) => this.#handOver(owner),
        (error) => this.#refuse(error),
      )
    } catch (error) {
      this.#refuse(error)
    }
  }

  #handOver(owner: LinkEvents): void {
    this.#owner = owner
    for (const { frame, bytes } of this.#waiting) owner.onFrame(frame, bytes)
    this.#waiting = []
    if (this.#end !== undefined) owner.onEnd(this.#end)
    else this.#link.resume()
  }

  #onEnd(end: LinkEnd): void {
    clearTimeout(this.#timer)
    this.#host.onEnd(end)
    if (this.#owner !== undefined) this.#owner.onEnd(end)
    else this.#end = end
  }

  #refuse(error: unknown): void {
    if (this.#refused) return
    this.#refused = true
    clearTimeout(this.#timer)
    this.#waiting = []
    this.#link.resume()
    if (error instanceof PeerFault) {
      this.#host.onRefused(error)
      void this.#link.close(closeCodes[error.code], error.message)
      return
    }
    const refusal = error instanceof Refusal ? error : new Refusal('internal', 'the server failed', error)
    this.#host.onRefused(refusal)
    const reason = refusal.message.slice(0, limits.reasonCharsMax)
    const { code, got } = refusal
    this.#link.send(JSON.stringify([{ t: 'reset', code, reason, got }]))
    void this.#link.close(closeCodes.reset, refusal.code)
  }
}

function offeredProtocols(request: HttpRequest): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim())
}

/** The early frame holds the session's key and payloads: applications, which are given the request, log headers. */
function withoutEarly(request: HttpRequest, offered: readonly string[]): void {
  const name = 'sec-websocket-protocol'
  const rest = offered.filter((protocol) => !protocol.startsWith(earlyPrefix)).join(', ')
  request.headers[name] = rest
  const { rawHeaders } = request
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    if (rawHeaders[i]?.toLowerCase() === name) rawHeaders[i + 1] = rest
  }
}
