import type { ServerResponse } from 'node:http'
import { Arrivals, type ArrivalsHost } from './arrivals.ts'
import { fitReason, isSendableCode } from './close-frame.ts'
import { refuse, say } from './http-answers.ts'
import { closeOf, encodeHttpBody, type HttpBody, recordHeadBytes } from './http-body.ts'
import type { Link, LinkEnd, LinkEvents, LinkFailure } from './link.ts'
import { afterReading } from './timer-after-reading.ts'

export interface HttpServerLinkOptions {
  /** How long a round may wait for something to answer with, in ms. */
  roundMs: number
  /** How long the link may be without a round, in ms. */
  gapMs: number
  /** True for a link of one request: it ends with its answer. */
  once: boolean
  protocol: string
}

/** How long the first round waits at most, in ms: its client wants to know that there is somebody. */
const openingMsMax = 1_000
/** Longest answer with more than one frame in it; a longer frame goes alone. */
const batchBytesMax = 64 * 1024
/** Above how many bytes the link is busy. */
const lowWaterBytes = 64 * 1024
/** How much is kept for a listener that has paused, before no further round is taken in. */
const keptBytesMax = 1024 * 1024
/** A timer that is so late, in ms, was held up together with what it judges, and begins anew. */
const lateMs = 1_000
/** How long a link that is being closed waits for a client that is not there, in ms. It asks again soon, or never. */
const absentMsMax = 1_000
/** How long closing may take in all, in ms, whatever the client goes on saying. */
const closeMsMax = 60_000
const mebibyte = 1024 * 1024

interface Round {
  body: HttpBody
  /** More than one if it was repeated on its way: each gets the same answer, for nobody knows which one is heard. */
  responses: Set<ServerResponse>
}

interface Close {
  code: number
  reason: string
}

/**
 * The server's end of a link of POSTs. Rounds count in the order of their numbers. A client has two under way at most:
 * when the second one has come the first is answered, and what there is to say goes with the newest.
 */
export class HttpServerLink implements Link, ArrivalsHost {
  readonly protocol: string
  readonly #options: HttpServerLinkOptions
  readonly #onOver: () => void
  readonly #arrivals: Arrivals
  #queue: Array<{ frame: string | Uint8Array; bytes: number }> = []
  #queuedBytes = 0
  /** The number of the next round to take in. */
  #expected = 0
  /** Came before their turn, or while there was no room. */
  readonly #held = new Map<number, Round>()
  /** Taken in, and not answered. The highest one is the newest. */
  readonly #waiting = new Map<number, Set<ServerResponse>>()
  /** The latest answers, for rounds that are repeated. */
  readonly #answered = new Map<number, Buffer>()
  #taking = false
  #flushDue = false
  #closing: Close | undefined
  #closeSent = false
  /** Of `close()`: how long nothing may come, and when it is enough in any case. */
  #lingering: { lingerMs: number; leftMs: number } | undefined
  /** Answers that have not left yet. */
  #leaving = 0
  #peerClose: Close | undefined
  #stopRoundTimer = noTimer
  #stopGapTimer = noTimer
  #stopLingerTimer = noTimer

  constructor(options: HttpServerLinkOptions, onOver: () => void) {
    this.#options = options
    this.protocol = options.protocol
    this.#onOver = onOver
    this.#arrivals = new Arrivals(this)
    this.#arrivals.open()
  }

  get writable(): boolean {
    return this.#canSend && this.#queuedBytes <= lowWaterBytes
  }

  get bufferedBytes(): number {
    return this.#arrivals.end ? 0 : this.#queuedBytes
  }

  attach(events: LinkEvents): void {
    this.#arrivals.attach(events)
  }

  send(frame: string | Uint8Array): void {
    if (!this.#canSend) return
    const bytes = recordHeadBytes + byteLengthOf(frame)
    this.#queue.push({ frame, bytes })
    this.#queuedBytes += bytes
    this.#flushSoon()
  }

  pause(): void {
    this.#arrivals.pause()
  }

  resume(): void {
    this.#arrivals.resume()
  }

  close(code: number, reason: string, { lingerMs = 5000 }: { lingerMs?: number } = {}): Promise<LinkEnd> {
    if (!this.#closing && !this.#arrivals.end) {
      this.#closing = { code: isSendableCode(code) ? code : 1000, reason: fitReason(reason) }
      const ms = lingerMs * Math.max(1, this.#queuedBytes / mebibyte)
      this.#lingering = { lingerMs: ms, leftMs: performance.now() + Math.max(ms, closeMsMax) }
      this.#linger()
      this.#flushSoon()
    }
    return this.#arrivals.over
  }

  abort(): void {
    queueMicrotask(() => {
      if (this.#arrivals.end) return
      for (const responses of this.#allResponses()) for (const response of responses) response.destroy()
      this.#finish('lost', true)
    })
  }

  /** A round has come, whole. */
  round(n: number, body: HttpBody, response: ServerResponse): void {
    if (this.#arrivals.end) return refuse(response, 410, 'The link is over.')
    const there = this.#waiting.get(n) ?? this.#held.get(n)?.responses
    if (there !== undefined) {
      there.add(response)
      this.#watch(n, there, response)
      this.#stopGap()
      this.#linger()
      if (n === this.#newest) this.#flushSoon()
      return
    }
    if (n < this.#expected) {
      const answer = this.#answered.get(n)
      if (answer === undefined) return refuse(response, 409, 'This round was answered long ago.')
      return say(response, answer)
    }
    if (n > this.#expected + 1) {
      refuse(response, 400, 'A link has two rounds under way at most.')
      return this.#finish('lost', false)
    }
    const responses = new Set([response])
    this.#held.set(n, { body, responses })
    this.#watch(n, responses, response)
    this.onTold()
  }

  /** Answers the round that waits, although there is nothing to say. */
  answerNow(): void {
    const n = this.#newest
    if (n !== undefined) this.#answer(n)
  }

  /** The deadline of closing: soon, if there is nobody to be told. */
  #linger(): void {
    if (this.#lingering === undefined || this.#peerClose || this.#arrivals.end) return
    this.#stopLingerTimer()
    const { lingerMs, leftMs } = this.#lingering
    const ms = this.#present ? lingerMs : Math.min(absentMsMax, lingerMs)
    const left = Math.max(0, leftMs - performance.now())
    this.#stopLingerTimer = timer(Math.min(ms, left), true, () => this.#finish('lost', true))
  }

  /** True if a round waits, or an answer is leaving. */
  get #present(): boolean {
    const n = this.#newest
    return this.#leaving > 0 || (n !== undefined && (this.#waiting.get(n)?.size ?? 0) > 0)
  }

  get #canSend(): boolean {
    return !this.#closing && !this.#peerClose && !this.#arrivals.end
  }

  /** The highest round that waits for its answer. */
  get #newest(): number | undefined {
    return this.#waiting.has(this.#expected - 1) ? this.#expected - 1 : undefined
  }

  *#allResponses(): Iterable<Set<ServerResponse>> {
    yield* this.#waiting.values()
    for (const { responses } of this.#held.values()) yield responses
  }

  /** A client that goes away takes its answer with it. It may come again: the same round then, on another connection. */
  #watch(n: number, responses: Set<ServerResponse>, response: ServerResponse): void {
    response.once('close', () => {
      if (!responses.delete(response) || responses.size > 0 || this.#arrivals.end) return
      if (this.#held.get(n)?.responses !== responses && n !== this.#newest) return
      this.#armGap()
      this.#linger()
    })
  }

  onTold(): void {
    // Whoever is told of a frame may make room for the next round; the one that brought the frame is not done yet.
    if (this.#taking) return
    this.#taking = true
    try {
      while (this.#mayTake) {
        const round = this.#held.get(this.#expected) as Round
        this.#held.delete(this.#expected)
        this.#take(this.#expected++, round)
      }
    } finally {
      this.#taking = false
    }
    if (this.#held.size === 0 || this.#waiting.size > 0) return
    // Whoever has paused is the one who is waited for. One that came before its turn does not wait for ever.
    if (this.#full) this.#stopGap()
    else this.#armGap()
  }

  get #mayTake(): boolean {
    return this.#held.has(this.#expected) && !this.#full && !this.#peerClose && !this.#arrivals.end
  }

  get #full(): boolean {
    return this.#arrivals.paused && this.#arrivals.keptBytes > keptBytesMax
  }

  #take(n: number, { body, responses }: Round): void {
    for (const older of [...this.#waiting.keys()]) this.#answer(older)
    this.#waiting.set(n, responses)
    if (responses.size > 0) this.#stopGap()
    this.#linger()
    this.#stopRoundTimer()
    const { roundMs, once } = this.#options
    const ms = n === 0 && !once ? Math.min(openingMsMax, roundMs) : roundMs
    this.#stopRoundTimer = timer(ms, false, () => {
      if (this.#waiting.has(n)) this.#answer(n)
      if (once) this.#finish('lost', true)
    })
    for (const frame of body.frames) {
      if (this.#arrivals.end) return
      this.#arrivals.frame(frame, byteLengthOf(frame))
    }
    this.#peerClose = closeOf(body.control)
    if (this.#peerClose) this.#answerLast()
    else if (this.#queue.length > 0 || this.#closing) this.#flushSoon()
  }

  /** All that is said in one turn of the event loop goes with one answer. */
  #flushSoon(): void {
    if (this.#flushDue) return
    this.#flushDue = true
    setImmediate(() => {
      this.#flushDue = false
      this.#flush()
    })
  }

  #flush(): void {
    const n = this.#newest
    if (this.#arrivals.end || n === undefined || this.#peerClose) return
    const { once } = this.#options
    // Nobody may be there any more to hear what a link of one request is told.
    if (!once && this.#waiting.get(n)?.size === 0) return
    if (this.#queue.length === 0 && (!this.#closing || this.#closeSent)) return
    const wasBusy = this.#queuedBytes > lowWaterBytes
    this.#answer(n)
    if (once) return this.#finish('lost', false)
    if (wasBusy && this.writable) this.#arrivals.drain()
  }

  /** Answers a round: the newest one with what waits, any other one with nothing. */
  #answer(n: number): void {
    const responses = this.#waiting.get(n)
    if (responses === undefined) return
    const { once } = this.#options
    let frames: Array<string | Uint8Array> = []
    const control: Record<string, unknown> = {}
    if (n === 0 && !once) control.protocol = this.protocol
    if (n === this.#newest && (responses.size > 0 || once)) {
      frames = this.#takeBatch(once ? Number.POSITIVE_INFINITY : batchBytesMax)
      if (this.#closing && this.#queue.length === 0 && !this.#closeSent && !once) {
        this.#closeSent = true
        control.close = [this.#closing.code, this.#closing.reason]
      }
    }
    this.#waiting.delete(n)
    this.#respond(n, responses, encode(frames, control))
    if (this.#waiting.size === 0) this.#armGap()
  }

  /** The client has closed: whatever waits goes with this answer, and the link is over when that has left. */
  #answerLast(): void {
    this.#stopRoundTimer()
    this.#stopGap()
    const { code, reason } = this.#closing ?? (this.#peerClose as Close)
    const frames = this.#takeBatch(Number.POSITIVE_INFINITY)
    const body = encode(frames, this.#closeSent ? {} : { close: [code, reason] })
    this.#closeSent = true
    const n = this.#expected - 1
    const responses = this.#waiting.get(n) ?? new Set()
    this.#waiting.delete(n)
    let left = responses.size
    const done = () => {
      if (--left <= 0) this.#finish(undefined, false)
    }
    for (const response of responses) response.once('close', done)
    this.#stopLingerTimer()
    this.#stopLingerTimer = timer(lastAnswerMs, true, () => this.#finish(undefined, true))
    this.#respond(n, responses, body)
    if (responses.size === 0) done()
  }

  #respond(n: number, responses: Set<ServerResponse>, body: Buffer): void {
    this.#answered.set(n, body)
    // Round n came because the answer to n - 2 had: nobody asks for that again.
    this.#answered.delete(n - 2)
    for (const response of responses) {
      this.#leaving++
      response.once('close', () => {
        this.#leaving--
        this.#linger()
      })
      say(response, body)
    }
  }

  #takeBatch(bytesMax: number): Array<string | Uint8Array> {
    let taken = 0
    let count = 0
    for (const { bytes } of this.#queue) {
      if (count > 0 && taken + bytes > bytesMax) break
      taken += bytes
      count++
    }
    this.#queuedBytes -= taken
    return this.#queue.splice(0, count).map(({ frame }) => frame)
  }

  #armGap(): void {
    this.#stopGap()
    if (this.#options.once) return
    this.#stopGapTimer = timer(this.#options.gapMs, false, () => this.#finish('lost', false))
  }

  #stopGap(): void {
    this.#stopGapTimer()
    this.#stopGapTimer = noTimer
  }

  #finish(failure: LinkFailure | undefined, forced: boolean): void {
    if (this.#arrivals.end) return
    this.#stopRoundTimer()
    this.#stopLingerTimer()
    this.#stopGap()
    const { code, reason } = this.#peerClose ?? { code: 1006, reason: '' }
    this.#arrivals.finish({
      code,
      reason,
      clean: failure === undefined,
      opened: true,
      ...(failure && { failure }),
      flushed: this.#queuedBytes === 0,
      peerEnded: this.#peerClose !== undefined || this.#options.once,
      forced,
      bytesUnsent: this.#queuedBytes,
    })
    for (const responses of this.#allResponses()) {
      for (const response of responses) refuse(response, 410, 'The link is over.')
    }
    this.#waiting.clear()
    this.#held.clear()
    this.#answered.clear()
    this.#queue = []
    this.#onOver()
  }
}

/** How long the last answer may take to leave, in ms. */
const lastAnswerMs = 5_000

function encode(frames: Array<string | Uint8Array>, control: Record<string, unknown>): Buffer {
  const has = Object.keys(control).length > 0
  if (frames.length === 0 && !has) return Buffer.alloc(0)
  const body = encodeHttpBody(frames, has ? control : undefined)
  return typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.length)
}

function byteLengthOf(frame: string | Uint8Array): number {
  return typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length
}

/** `hold`: a process does not exit by itself while it is armed. Returns what cancels it. */
function timer(ms: number, hold: boolean, callback: () => void): () => void {
  let cancelled = false
  let handle: NodeJS.Timeout
  const arm = () => {
    const at = performance.now() + ms
    handle = setTimeout(() => {
      if (performance.now() > at + lateMs) return arm()
      afterReading(() => cancelled || callback())
    }, ms)
    if (!hold) handle.unref()
  }
  arm()
  return () => {
    cancelled = true
    clearTimeout(handle)
  }
}

function noTimer(): void {}
