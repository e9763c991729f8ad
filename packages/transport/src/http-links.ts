import type { IncomingMessage, ServerResponse } from 'node:http'
import { refuse } from './http-answers.ts'
import { decodeHttpBody, type HttpBody } from './http-body.ts'
import { readHttpBody } from './http-request-body.ts'
import { HttpServerLink } from './http-server-link.ts'
import type { HttpLinkKind } from './http-url.ts'
import type { Link } from './link.ts'

export interface HttpLinksOptions {
  /** The longest body taken, in bytes; a longer one is refused with 413. */
  bodyBytesMax: number
  /** How long a round may wait for something to answer with, in ms. */
  roundMs: number
  /** How long a link may be without a round, and how long a body may stand still, in ms. */
  gapMs: number
  /** Links at once, of each of the two kinds; past it new ones are refused with 503. */
  linksMax: number
}

export interface HttpLinksHost {
  /** Which of these subprotocols is spoken here; `undefined` for none of them. */
  select(protocols: readonly string[]): string | undefined
  /**
   * A link has come, open. True if it has said something already that will be answered: its first round then waits for
   * that, and is answered at once otherwise.
   */
  onLink(link: Link, request: IncomingMessage, protocols: readonly string[]): boolean
}

/** Makes links of the POSTs that a server is given: the other end of `openPollLink` and `sendOneShot`. */
export class HttpLinks {
  readonly #options: HttpLinksOptions
  readonly #host: HttpLinksHost
  /** Links that are made of several rounds, by their tokens. */
  readonly #links = new Map<string, HttpServerLink>()
  /** How many links of one request are not over. They have a count of their own: last words find room where many poll. */
  #onceCount = 0

  constructor(options: HttpLinksOptions, host: HttpLinksHost) {
    this.#options = options
    this.#host = host
  }

  /** Takes a POST in, and answers it sooner or later. Headers that are set on the response go with it. */
  receive(kind: HttpLinkKind, request: IncomingMessage, response: ServerResponse): void {
    response.on('error', () => {})
    readHttpBody(request, this.#options, {
      onBody: (bytes) => {
        let body: HttpBody
        try {
          body = decodeHttpBody(bytes)
        } catch (error) {
          return refuse(response, 400, `The body is not one of lastword: ${(error as Error).message}.`)
        }
        if (kind === 'once') this.#receiveOnce(body, request, response)
        else this.#receiveRound(body, request, response)
      },
      onRefused: (status, why) => refuse(response, status, why),
    })
  }

  #receiveOnce({ control, frames }: HttpBody, request: IncomingMessage, response: ServerResponse): void {
    if (control !== undefined || frames.length === 0) {
      return refuse(response, 400, 'The body of a link of one request is its frames, and nothing else.')
    }
    if (this.#onceCount >= this.#options.linksMax) return refuseForNow(response)
    this.#onceCount++
    const link = new HttpServerLink({ ...this.#options, once: true, protocol: '' }, () => this.#onceCount--)
    this.#host.onLink(link, request, [])
    link.round(0, { control, frames }, response)
  }

  #receiveRound(body: HttpBody, request: IncomingMessage, response: ServerResponse): void {
    const { link: token, n, protocols } = body.control ?? {}
    if (!isToken(token) || !Number.isSafeInteger(n) || (n as number) < 0) {
      return refuse(response, 400, 'The body does not say which round of which link it is.')
    }
    const known = this.#links.get(token)
    if (known !== undefined) return known.round(n as number, body, response)
    if (n !== 0) return refuse(response, 410, 'There is no such link here (any more).')
    if (!isTextArray(protocols)) return refuse(response, 400, 'The body offers no subprotocols.')
    const protocol = this.#host.select(protocols)
    if (protocol === undefined) return refuse(response, 400, 'None of these subprotocols is spoken here.')
    if (this.#links.size >= this.#options.linksMax) return refuseForNow(response)
    const link = new HttpServerLink({ ...this.#options, once: false, protocol }, () =>
      this.#links.delete(token),
    )
    this.#links.set(token, link)
    const answered = this.#host.onLink(link, request, protocols)
    link.round(0, body, response)
    if (!answered) link.answerNow()
  }
}

function refuseForNow(response: ServerResponse): void {
  refuse(response, 503, 'There are as many links as this server will keep.')
}

/** Long enough not to be guessed, short enough to be kept. */
function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[A-Za-z0-9_-]{16,64}$/.test(value)
}

function isTextArray(value: unknown): value is string[] {
  return Array.isArray(value) && value.length <= 16 && value.every((entry) => typeof entry === 'string')
}
