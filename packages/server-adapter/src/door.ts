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

/** What the doors of an adapter share. */
export interface DoorHost {
  readonly helloTimeoutMs: number
  readonly frameBytesMax: number
  /**
   * Decides about a link that has said `hello`: returns who hears of it from now on.
   *
   * @throws Refusal
   */
  admit(arrival: Arrival, link: Link, request: HttpRequest, address: string): Promise<LinkEvents>
  onRefused(refusal: PeerFault | Refusal, request: HttpRequest): void
  /** The link is over. */
  onEnd(door: Door, end: LinkEnd): void
}

/**
 * Stands between a new link and the sessions: waits for `hello`, has it decided upon, and hands the link over with
 * everything that arrived meanwhile. A link that is refused is told why and closed; nobody else notices.
 *
 * It stays in between for as long as the link lives, and keeps nothing then of what brought it: the request alone is
 * more than a kilobyte.
 */
export class Door implements LinkEvents {
  readonly link: Link
  /** Of the other end: the address of a connection that has ended is not to be had. */
  readonly address: string
  readonly #host: DoorHost
  /** Until it is decided. */
  #request: HttpRequest | undefined
  #owner: LinkEvents | undefined
  #arrived = false
  #refused = false
  /** What came while it was being decided. The link is paused then, so it is not much. */
  #waiting: Array<{ frame: Frame; bytes: number }> | undefined
  #end: LinkEnd | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(link: Link, request: HttpRequest, address: string, host: DoorHost) {
    this.link = link
    this.address = address
    this.#request = request
    this.#host = host
  }

  /** `offered`: the subprotocols that were offered, where that was not in a header of the request. */
  open(request: HttpRequest, offered?: readonly string[]): void {
    this.link.attach(this)
    if (offered === undefined) {
      offered = offeredProtocols(request)
      withoutEarly(request, offered)
    }
    try {
      const early = decodeEarly(offered)
      if (early !== undefined) this.#introduce(early, Buffer.byteLength(early))
    } catch (error) {
      this.#refuse(error)
    }
    if (!this.#arrived && !this.#refused) this.#startTimer()
  }

  /** The server is going: closes the link, unless it has introduced itself. */
  goAway(): void {
    if (this.#arrived || this.#refused) return
    this.#refused = true
    this.#stopTimer()
    void this.link.close(closeCodes.goingAway, 'the server is shutting down')
  }

  onOpen(): void {}

  onFrame(frame: Frame, bytes: number): void {
    if (this.#owner !== undefined) return this.#owner.onFrame(frame, bytes)
    if (this.#refused) return
    if (!this.#arrived) return this.#introduce(frame, bytes)
    this.#waiting ??= []
    this.#waiting.push({ frame, bytes })
  }

  onDrain(): void {
    this.#owner?.onDrain()
  }

  onEnd(end: LinkEnd): void {
    this.#stopTimer()
    this.#host.onEnd(this, end)
    if (this.#owner !== undefined) this.#owner.onEnd(end)
    else this.#end = end
  }

  #introduce(frame: Frame, bytes: number): void {
    this.#arrived = true
    this.#stopTimer()
    try {
      const decoded = decodeFrame(frame, bytes, this.#host)
      const [hello, ...envelopes] = decoded.envelopes
      if (hello?.t !== 'hello') throw new PeerFault('helloExpected', `the first envelope was ${hello?.t}`)
      if (hello.v !== limits.version) {
        throw new Refusal(
          'version-unsupported',
          `version ${hello.v} is not spoken here, ${limits.version} is`,
        )
      }
      this.link.pause()
      const arrival = { hello, rest: { envelopes, payload: decoded.payload }, bytes }
      this.#host.admit(arrival, this.link, this.#request as HttpRequest, this.address).then(
        (owner) => this.#handOver(owner),
        (error) => this.#refuse(error),
      )
    } catch (error) {
      this.#refuse(error)
    }
  }

  #handOver(owner: LinkEvents): void {
    this.#owner = owner
    this.#request = undefined
    for (const { frame, bytes } of this.#waiting ?? []) owner.onFrame(frame, bytes)
    this.#waiting = undefined
    if (this.#end !== undefined) owner.onEnd(this.#end)
    else this.link.resume()
  }

  #refuse(error: unknown): void {
    if (this.#refused) return
    this.#refused = true
    this.#stopTimer()
    this.#waiting = undefined
    const request = this.#request as HttpRequest
    this.#request = undefined
    this.link.resume()
    if (error instanceof PeerFault) {
      this.#host.onRefused(error, request)
      void this.link.close(closeCodes[error.code], error.message)
      return
    }
    const refusal = error instanceof Refusal ? error : new Refusal('internal', 'the server failed', error)
    this.#host.onRefused(refusal, request)
    const reason = refusal.message.slice(0, limits.reasonCharsMax)
    const { code, got } = refusal
    this.link.send(JSON.stringify([{ t: 'reset', code, reason, got }]))
    void this.link.close(closeCodes.reset, refusal.code)
  }

  #startTimer(): void {
    const { helloTimeoutMs } = this.#host
    this.#timer = setTimeout(() => {
      this.#refuse(new PeerFault('helloTimeout', `no hello within ${helloTimeoutMs} ms`))
    }, helloTimeoutMs)
    this.#timer.unref()
  }

  /** The timer itself is not kept either. */
  #stopTimer(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
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
