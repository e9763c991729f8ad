import type { IncomingMessage as HttpRequest } from 'node:http'
import {
  closeCodes,
  type DecodedFrame,
  decodeEarly,
  decodeFrame,
  type Frame,
  type HelloEnvelope,
  limits,
  PeerFault,
  type ResetCode,
} from '@lastword/protocol'
import type { Link, LinkEnd, LinkEvents } from '@lastword/transport'

/** Why a link was not let in: a fault of the peer, or a refusal. Carries the close code and, for a refusal, the reset. */
export class Refusal extends Error {
  constructor(
    readonly code: ResetCode,
    message: string,
  ) {
    super(message)
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
}

export interface DoorHost {
  /**
   * Decides about a link that has said `hello`: returns who hears of it from now on.
   *
   * @throws Refusal
   */
  admit(arrival: Arrival, link: Link, request: HttpRequest): Promise<LinkEvents>
  onRefused(refusal: PeerFault | Refusal, request: HttpRequest): void
}

/**
 * Stands between a new link and the sessions: waits for `hello`, has it decided upon, and hands the link over with
 * everything that arrived meanwhile. A link that is refused is told why and closed; nobody else notices.
 */
export function receiveLink(link: Link, request: HttpRequest, options: DoorOptions, host: DoorHost): void {
  const door = new Door(link, request, options, host)
  door.open()
}

class Door {
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
    try {
      const early = decodeEarly(offeredProtocols(this.#request))
      if (early !== undefined) this.#introduce(early, Buffer.byteLength(early))
    } catch (error) {
      this.#refuse(error)
    }
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
      this.#host.onRefused(error, this.#request)
      void this.#link.close(closeCodes[error.code], error.message)
      return
    }
    const refusal = error instanceof Refusal ? error : new Refusal('internal', 'the server failed')
    this.#host.onRefused(refusal, this.#request)
    const reason = refusal.message.slice(0, limits.reasonCharsMax)
    this.#link.send(JSON.stringify([{ t: 'reset', code: refusal.code, reason }]))
    void this.#link.close(closeCodes.reset, refusal.code)
  }
}

function offeredProtocols(request: HttpRequest): string[] {
  return (request.headers['sec-websocket-protocol'] ?? '').split(',').map((protocol) => protocol.trim())
}
