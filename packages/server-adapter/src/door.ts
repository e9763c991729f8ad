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
   * Decides about a link that has said `hello`: returns who hears of it from now on, at once where nobody has to be
   * asked.
   *
   * @throws Refusal
   */
  admit(arrival: Arrival, link: Link, request: HttpRequest, address: string): LinkEvents | Promise<LinkEvents>
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
  #deciding: Deciding | undefined
  /** Once it is let in. */
  #owner: LinkEvents | undefined

  constructor(link: Link, address: string, host: DoorHost) {
    this.link = link
    this.address = address
    this.#host = host
  }

  /** `offered`: the subprotocols that were offered, where that was not in a header of the request. */
  open(request: HttpRequest, offered?: readonly string[]): void {
    this.link.attach(this)
    const deciding: Deciding = { request, timer: undefined, arrived: false, waiting: [], end: undefined }
    this.#deciding = deciding
    if (offered === undefined) {
      offered = offeredProtocols(request)
      withoutEarly(request, offered)
    }
    try {
      const early = decodeEarly(offered)
      if (early !== undefined) this.#introduce(early, Buffer.byteLength(early), deciding)
    } catch (error) {
      this.#refuse(error)
    }
    if (this.#deciding?.arrived === false) deciding.timer = this.#startTimer()
  }

  /** The server is going: closes the link, unless it has introduced itself. */
  goAway(): void {
    if (this.#deciding?.arrived !== false) return
    clearTimeout(this.#deciding.timer)
    this.#deciding = undefined
    void this.link.close(closeCodes.goingAway, 'the server is shutting down')
  }

  onOpen(): void {}

  onFrame(frame: Frame, bytes: number): void {
    if (this.#owner !== undefined) return this.#owner.onFrame(frame, bytes)
    const deciding = this.#deciding
    if (deciding === undefined) return
    if (deciding.arrived) deciding.waiting.push({ frame, bytes })
    else this.#introduce(frame, bytes, deciding)
  }

  onDrain(): void {
    this.#owner?.onDrain()
  }

  onEnd(end: LinkEnd): void {
    clearTimeout(this.#deciding?.timer)
    this.#host.onEnd(this, end)
    if (this.#owner !== undefined) this.#tellEnd(this.#owner, end)
    else if (this.#deciding !== undefined) this.#deciding.end = end
  }

  #tellEnd(owner: LinkEvents, end: LinkEnd): void {
    // The Set that it was in may hold this door for long (see `Entry.letGo`).
    this.#owner = undefined
    owner.onEnd(end)
  }

  #introduce(frame: Frame, bytes: number, deciding: Deciding): void {
    deciding.arrived = true
    clearTimeout(deciding.timer)
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
      const arrival = { hello, rest: { envelopes, payload: decoded.payload }, bytes }
      const owner = this.#host.admit(arrival, this.link, deciding.request, this.address)
      if (!(owner instanceof Promise)) return this.#handOver(owner, deciding)
      this.link.pause()
      owner.then(
        (admitted) => this.#handOver(admitted, deciding),
        (error) => this.#refuse(error),
      )
    } catch (error) {
      this.#refuse(error)
    }
  }

  #handOver(owner: LinkEvents, { waiting, end }: Deciding): void {
    this.#owner = owner
    this.#deciding = undefined
    for (const { frame, bytes } of waiting) owner.onFrame(frame, bytes)
    if (end !== undefined) this.#tellEnd(owner, end)
    else this.link.resume()
  }

  #refuse(error: unknown): void {
    if (this.#deciding === undefined) return
    const { request, timer } = this.#deciding
    this.#deciding = undefined
    clearTimeout(timer)
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

  #startTimer(): NodeJS.Timeout {
    const { helloTimeoutMs } = this.#host
    const timer = setTimeout(() => {
      this.#refuse(new PeerFault('helloTimeout', `no hello within ${helloTimeoutMs} ms`))
    }, helloTimeoutMs)
    return timer.unref()
  }
}

/** What a door holds until it is decided whether the link is let in. */
interface Deciding {
  readonly request: HttpRequest
  /** For a link that does not say `hello`. */
  timer: NodeJS.Timeout | undefined
  /** True once it has said `hello`. */
  arrived: boolean
  /** What came while it was being decided. The link is paused then, so it is not much. */
  readonly waiting: Array<{ frame: Frame; bytes: number }>
  end: LinkEnd | undefined
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
    const header = rawHeaders[i] as string
    if (header.length === name.length && header.toLowerCase() === name) rawHeaders[i + 1] = rest
  }
}
