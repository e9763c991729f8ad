import { Arrivals } from './arrivals.ts'
import { fitReason, isSendableCode } from './close-frame.ts'
import {
  type BodyBytes,
  closeOf,
  decodeHttpBody,
  encodeHttpBody,
  type HttpBody,
  recordHeadBytes,
} from './http-body.ts'
import { httpUrl } from './http-url.ts'
import type { Link, LinkEnd, LinkEvents, OpenLink, OpenLinkOptions } from './link.ts'
import { connectFailure } from './node-failure.ts'
import { timerAfterReading } from './timer-after-reading.ts'

export interface PollLinkOptions {
  /** What makes the requests. @default the global `fetch`, looked up at each call */
  fetch?: typeof fetch
  /**
   * Sent with each request. Not for pages: to another origin a browser would ask the server first, and a page that goes
   * away cannot wait for that.
   */
  headers?: Record<string, string>
}

/** An `OpenLink` that needs no WebSocket, with a `fetch` of its own. */
export function pollLinkOpener(pollOptions: PollLinkOptions = {}): OpenLink {
  return (url, options) => new PollLink(url, options, pollOptions)
}

/**
 * Makes a link of HTTP POSTs, for where WebSockets do not get through: each carries what there is to send, and is
 * answered when the other side has something, or after a while. Throws if the URL is not well-formed.
 */
export const openPollLink: OpenLink = pollLinkOpener()

/** Longest body with more than one frame in it; a longer frame goes alone. */
const batchBytesMax = 64 * 1024
/** Two rounds at most are under way: the one that waits for the server, and one that brings frames there. */
const roundsMax = 2
/** How long an answer may take, in ms: as long as a server lets a round hang (20 s), and what the way takes. */
const answerMsMax = 30_000
/** An answer has at most this much besides one frame of the largest size. */
const answerOverheadBytes = batchBytesMax + 4096
const mebibyte = 1024 * 1024

type Frame = string | Uint8Array

/** A frame that waits, and what it will take in a body. */
interface Queued {
  frame: Frame
  bytes: number
}

class PollLink implements Link {
  protocol = ''
  readonly #address: string
  readonly #options: OpenLinkOptions
  readonly #pollOptions: PollLinkOptions
  /** Names the link, and is its secret: made here, so that a request that is repeated on its way opens no second one. */
  readonly #token = randomToken()
  readonly #arrivals = new Arrivals()
  readonly #lowWaterBytes: number
  readonly #stop = new AbortController()
  #queue: Queued[] = []
  #queuedBytes = 0
  /** The number of the next round. */
  #next = 0
  /** How many answers were taken in, in the order of their rounds. */
  #taken = 0
  readonly #answers = new Map<number, HttpBody>()
  #opened = false
  #pumpDue = false
  #closing: { code: number; reason: string; lingerMs: number; leftMs: number } | undefined
  #closeSent = false
  #peerClose: { code: number; reason: string } | undefined
  #stopConnectTimer: () => void
  #stopLingerTimer: (() => void) | undefined

  constructor(url: string, options: OpenLinkOptions, pollOptions: PollLinkOptions) {
    this.#address = httpUrl(url, 'poll')
    this.#options = options
    this.#pollOptions = pollOptions
    this.#lowWaterBytes = options.lowWaterBytes ?? 64 * 1024
    const connectMs = options.connectTimeoutMs ?? 10_000
    this.#stopConnectTimer = timerAfterReading(
      connectMs,
      () => this.#taken,
      () => this.#fail(new Error(`no answer within ${connectMs} ms`), false),
    )
    this.#post([], { protocols: options.protocols })
  }

  get writable(): boolean {
    return this.#canSend && this.#queuedBytes <= this.#lowWaterBytes
  }

  get bufferedBytes(): number {
    return this.#arrivals.end ? 0 : this.#queuedBytes
  }

  attach(events: LinkEvents): void {
    this.#arrivals.attach(events)
  }

  send(frame: Frame): void {
    if (!this.#canSend) return
    const bytes = recordHeadBytes + (typeof frame === 'string' ? encoder.encode(frame) : frame).length
    this.#queue.push({ frame, bytes })
    this.#queuedBytes += bytes
    this.#pumpSoon()
  }

  pause(): void {
    this.#arrivals.pause()
  }

  resume(): void {
    this.#arrivals.resume()
  }

  close(code: number, reason: string, { lingerMs = 5000 }: { lingerMs?: number } = {}): Promise<LinkEnd> {
    if (!this.#closing && !this.#arrivals.end) {
      const leftMs = performance.now() + Math.max(lingerMs, 60_000)
      this.#closing = {
        code: isSendableCode(code) ? code : 1000,
        reason: fitReason(reason),
        lingerMs,
        leftMs,
      }
      if (this.#opened) {
        this.#linger()
        this.#pumpSoon()
      } else this.#fail(undefined, false)
    }
    return this.#arrivals.over
  }

  abort(): void {
    queueMicrotask(() => this.#fail(undefined, true))
  }

  get #canSend(): boolean {
    return this.#opened && !this.#closing && !this.#peerClose && !this.#arrivals.end
  }

  /** All that is sent in one go leaves in one round. */
  #pumpSoon(): void {
    if (this.#pumpDue) return
    this.#pumpDue = true
    queueMicrotask(() => {
      this.#pumpDue = false
      this.#pump()
    })
  }

  #pump(): void {
    const wasBusy = this.#queuedBytes > this.#lowWaterBytes
    while (this.#opened && !this.#arrivals.end && !this.#closeSent) {
      const underWay = this.#next - this.#taken
      if (underWay >= roundsMax) break
      if (this.#peerClose) this.#sendClose(this.#peerClose)
      else if (this.#queue.length > 0) this.#post(this.#takeBatch())
      else if (this.#closing) this.#sendClose(this.#closing)
      else if (underWay === 0) this.#post([])
      else break
    }
    if (wasBusy && this.writable) this.#arrivals.drain()
  }

  #takeBatch(): Frame[] {
    let taken = 0
    let count = 0
    for (const { bytes } of this.#queue) {
      if (count > 0 && taken + bytes > batchBytesMax) break
      taken += bytes
      count++
    }
    this.#queuedBytes -= taken
    return this.#queue.splice(0, count).map(({ frame }) => frame)
  }

  #sendClose({ code, reason }: { code: number; reason: string }): void {
    this.#closeSent = true
    this.#linger()
    this.#post([], { close: [code, reason] })
  }

  #post(frames: Frame[], more?: object): void {
    const n = this.#next++
    const body = encodeHttpBody(frames, { link: this.#token, n, ...more })
    const stopTimer = timerAfterReading(
      answerMsMax,
      () => this.#taken,
      () => this.#fail(new Error(`no answer within ${answerMsMax} ms`), true),
    )
    this.#round(body as BodyBytes)
      .then(
        (answer) => {
          this.#answers.set(n, answer)
          this.#takeAnswers()
        },
        (error) => this.#fail(error, false),
      )
      .finally(stopTimer)
  }

  /** One request and its answer. */
  async #round(body: BodyBytes): Promise<HttpBody> {
    const request = this.#pollOptions.fetch ?? fetch
    const response = await request(this.#address, {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/plain', ...this.#pollOptions.headers },
      credentials: 'include',
      signal: this.#stop.signal,
    })
    const { frameBytesMax = Number.POSITIVE_INFINITY } = this.#options
    const bytes = await bodyOf(response, frameBytesMax + answerOverheadBytes)
    if (response.status !== 200) throw new Refused(response.status, saidBy(bytes))
    try {
      return decodeHttpBody(bytes)
    } catch (error) {
      throw new Refused(response.status, `the answer is none: ${(error as Error).message}`)
    }
  }

  /** Answers count in the order of their rounds, however they come. */
  #takeAnswers(): void {
    for (;;) {
      const answer = this.#answers.get(this.#taken)
      if (answer === undefined || this.#arrivals.end) return
      this.#answers.delete(this.#taken++)
      if (!this.#opened && !this.#open(answer)) return
      if (this.#closing || this.#closeSent) this.#linger()
      this.#deliver(answer.frames)
      if (this.#arrivals.end) return
      this.#peerClose ??= closeOf(answer.control)
      if (this.#closeSent && this.#taken === this.#next) return this.#finish()
      // What is said to these frames in the same turn goes with the next round.
      if (this.#peerClose || this.#queue.length > 0) this.#pumpSoon()
      else nextTask(() => this.#pump())
    }
  }

  #open({ control }: HttpBody): boolean {
    if (control === undefined) this.#fail(new Refused(200, 'the answer is not about a link'), false)
    else if (!this.#options.protocols.includes(String(control.protocol))) this.#finish('subprotocol-refused')
    else {
      this.#stopConnectTimer()
      this.protocol = String(control.protocol)
      this.#opened = true
      this.#arrivals.open()
    }
    return this.#opened
  }

  #deliver(frames: Frame[]): void {
    const { frameBytesMax = Number.POSITIVE_INFINITY } = this.#options
    for (const frame of frames) {
      if (frame.length > frameBytesMax) {
        const error = new Error(`A frame longer than frameBytesMax (${frameBytesMax}) arrived.`)
        return this.#fail(error, true)
      }
      // Of a text that is a lower bound, and exact where it has ASCII alone.
      this.#arrivals.frame(frame, frame.length)
    }
  }

  /** The deadline of closing: it moves on while answers come, and not for ever. */
  #linger(): void {
    this.#stopLingerTimer?.()
    const { lingerMs = 5000, leftMs = Number.POSITIVE_INFINITY } = this.#closing ?? {}
    const ms = lingerMs * Math.max(1, this.#queuedBytes / mebibyte)
    this.#stopLingerTimer = timerAfterReading(
      Math.max(0, Math.min(ms, leftMs - performance.now())),
      () => this.#taken,
      () => this.#fail(undefined, true),
    )
  }

  #fail(error: unknown, forced: boolean): void {
    if (this.#arrivals.end) return
    const refused = error instanceof Refused ? error : undefined
    if (this.#opened) this.#finish('lost', error, forced)
    else if (refused) this.#finish('upgrade-refused', refused, forced)
    else this.#finish(whyNotOpened(error), error, forced)
  }

  #finish(failure?: LinkEnd['failure'], error?: unknown, forced = false): void {
    this.#stopConnectTimer()
    this.#stopLingerTimer?.()
    const { code, reason } = this.#peerClose ?? { code: 1006, reason: '' }
    const clean = failure === undefined && this.#peerClose !== undefined
    const why = failure ?? (clean ? undefined : 'lost')
    this.#arrivals.finish({
      code,
      reason,
      clean,
      opened: this.#opened,
      ...(why && { failure: why }),
      ...(error instanceof Refused && !this.#opened && { httpStatus: error.status }),
      ...(error !== undefined && { error: causeOf(error) }),
      flushed: this.#queuedBytes === 0,
      peerEnded: this.#peerClose !== undefined,
      forced,
      bytesUnsent: this.#queuedBytes,
    })
    this.#stop.abort()
  }
}

/** An answer that is not one of a link. */
class Refused extends Error {
  constructor(
    readonly status: number,
    said: string,
  ) {
    super(`HTTP ${status}${said === '' ? '' : `: ${said}`}`)
  }
}

/** In a page nothing is known but that `fetch` failed; elsewhere it keeps what the connection said. */
function whyNotOpened(error: unknown): LinkEnd['failure'] {
  const cause = causeOf(error)
  const told = cause !== undefined && typeof (cause as { code?: unknown }).code === 'string'
  return error instanceof TypeError && !told ? 'not-opened' : connectFailure(cause)
}

function causeOf(error: unknown): Error | undefined {
  if (!(error instanceof Error)) return undefined
  return error.cause instanceof Error ? error.cause : error
}

/** @throws Error for one that is longer than anything that an honest server sends */
async function bodyOf(response: Response, bytesMax: number): Promise<Uint8Array> {
  const reader = response.body?.getReader()
  const chunks: Uint8Array[] = []
  let bytes = 0
  while (reader !== undefined) {
    const { done, value } = await reader.read()
    if (done) break
    chunks.push(value)
    bytes += value.length
    if (bytes <= bytesMax) continue
    reader.cancel().catch(() => {})
    throw new Error(`an answer of more than ${bytesMax} bytes`)
  }
  const body = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    body.set(chunk, at)
    at += chunk.length
  }
  return body
}

/** The beginning of a text that a server refused with. */
function saidBy(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes.subarray(0, 200)).trim()
}

const encoder = new TextEncoder()

function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(18))
  return btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
}

/** Node, Bun and Deno have it; browsers do not. */
declare const setImmediate: ((callback: () => void) => unknown) | undefined

/** Calls back in a task behind those that are queued. No timer: pages that nobody looks at throttle those. */
function nextTask(callback: () => void): void {
  if (typeof setImmediate === 'function') {
    setImmediate(callback)
    return
  }
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    callback()
  }
  port2.postMessage(null)
}
