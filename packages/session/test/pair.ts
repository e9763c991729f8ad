import { decodeFrame, defaults, type HelloEnvelope, limits } from '@lastword/protocol'
import { expect } from 'vitest'
import {
  frameBytesGoal,
  type KeptSession,
  type Platform,
  Session,
  SessionCore,
  type SessionOptions,
  type SessionOwner,
} from '../src/index.ts'
import { type MemoryLink, memoryLinks } from './memory-link.ts'

/** A clock that moves only when a test says so, and turns of the event loop that end when nothing else is ready. */
export class TestPlatform implements Platform {
  /** What nobody listened for. */
  readonly reported: unknown[] = []
  #now = 0
  #turns: Array<() => void> = []
  readonly #timers = new Set<{ at: number; callback: () => void; keepAlive: boolean }>()

  get timerCount(): number {
    return this.#timers.size
  }

  now(): number {
    return this.#now
  }

  /** True if a timer would keep a process alive. */
  get keepsAlive(): boolean {
    return [...this.#timers].some((timer) => timer.keepAlive)
  }

  setTimer(ms: number, callback: () => void, keepAlive: boolean): () => void {
    const timer = { at: this.#now + ms, callback, keepAlive }
    this.#timers.add(timer)
    return () => this.#timers.delete(timer)
  }

  endOfTurn(callback: () => void): void {
    this.#turns.push(callback)
  }

  report(error: unknown): void {
    this.reported.push(error)
  }

  warn(error: unknown): void {
    this.reported.push(error)
  }

  /** Runs everything that is ready, until nothing is. */
  async settle(): Promise<void> {
    for (let rounds = 0; rounds < 10_000; rounds++) {
      // Every promise that can settle without time has settled behind this.
      await new Promise((resolve) => setImmediate(resolve))
      if (this.#turns.length === 0) return
      const turns = this.#turns
      this.#turns = []
      for (const callback of turns) callback()
    }
    throw new Error('it never comes to rest')
  }

  /** Time passes, and nothing else can happen meanwhile. */
  block(ms: number): void {
    this.#now += ms
  }

  /** Lets time pass, timer by timer. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    for (;;) {
      await this.settle()
      const due = [...this.#timers].filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0]
      if (due === undefined) break
      this.#timers.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.callback()
    }
    this.#now = until
    await this.settle()
  }
}

export interface Side {
  core: SessionCore
  session: Session
  /** Events in order, by name. */
  log: string[]
  /** The states that its owner was told of. */
  states: string[]
  released: boolean
}

export interface Pair {
  platform: TestPlatform
  client: Side
  server: Side
  /** The two ends of the latest link. */
  links: [client: MemoryLink, server: MemoryLink]
  /** Connects the two over another link. The server hears of it once `hold` has resolved. */
  link(hold?: Promise<void>): Promise<void>
  /** Loses the latest link. */
  lose(): Promise<void>
  /** What the server says on links from now on is lost. */
  muteServer: boolean
  /** The server knows nothing of the session any more. */
  serverForgets: boolean
  /** Calls back behind each frame that the server has read; what it returns is collected. */
  heard<T>(look: () => T): T[]
}

export interface PairOptions {
  client?: SessionOptions
  server?: SessionOptions
  /** What both sides advertise. */
  windowMessages?: number
  /** Of the client. */
  kept?: KeptSession
}

/** A client's session and a server's, connected. */
export async function pair(options: PairOptions = {}): Promise<Pair> {
  const made = unlinked(options)
  await made.link()
  expect(made.client.session.state).toBe('open')
  return made
}

/** The same, before any link. */
export function unlinked(options: PairOptions = {}): Pair {
  const platform = new TestPlatform()
  const client = side('client', options.client ?? {}, platform, options, options.kept)
  const server = side('server', options.server ?? {}, platform, options)
  const looks: Array<() => void> = []
  const made: Pair = {
    platform,
    client,
    server,
    links: memoryLinks(),
    muteServer: false,
    serverForgets: false,
    heard(look) {
      const seen: ReturnType<typeof look>[] = []
      looks.push(() => seen.push(look()))
      return seen
    },
    async link(hold) {
      made.links = memoryLinks()
      const [near, far] = made.links
      far.mute = made.muteServer
      let accepted: ReturnType<SessionCore['accept']> | undefined
      let held = hold !== undefined
      void hold?.then(() => {
        held = false
      })
      far.attach({
        onOpen() {},
        onDrain: () => accepted?.onDrain(),
        onEnd: (end) => accepted?.onEnd(end),
        onFrame(frame, bytes) {
          if (held) return void hold?.then(() => this.onFrame(frame, bytes))
          if (accepted !== undefined) {
            accepted.onFrame(frame, bytes)
            return looks.forEach((look) => void look())
          }
          if (made.serverForgets) {
            far.send(JSON.stringify([{ t: 'reset', code: 'session-unknown' }]))
            return void far.close(4410, '')
          }
          const limit = { frameBytesMax: defaults.maxBytes + limits.frameOverheadBytes }
          const { envelopes, payload } = decodeFrame(frame, bytes, limit)
          const [hello, ...rest] = envelopes
          accepted = server.core.accept(far, hello as HelloEnvelope, { envelopes: rest, payload }, bytes)
          for (const look of looks) look()
        },
      })
      const { id, frame } = client.core.startLink(undefined, undefined)
      client.core.bind(id, near, { frame, early: false })
      await platform.settle()
    },
    async lose() {
      for (const link of made.links) link.deaf = true
      made.links[0].abort()
      await platform.settle()
    },
  }
  return made
}

const eventNames = [
  'open',
  'recovering',
  'recovered',
  'disconnected',
  'closing',
  'lost',
  'closed',
  'error',
  'unhandled',
] as const

function side(
  role: 'client' | 'server',
  options: SessionOptions,
  platform: TestPlatform,
  { windowMessages = defaults.windowMessages }: PairOptions,
  kept?: KeptSession,
): Side {
  const owner: SessionOwner = {
    onLinkEnd() {},
    onState(state) {
      made.states.push(state)
    },
    onReleased() {
      made.released = true
    },
  }
  const core = new SessionCore(
    {
      role,
      sid: 'a-session-for-tests',
      key: 'the-key-of-the-session',
      idPrefix: role,
      window: { messages: windowMessages, bytes: defaults.windowBytes },
      maxBytes: defaults.maxBytes,
      keepaliveMs: defaults.keepaliveMs,
      ttlMs: defaults.ttlMs,
      welcomeTimeoutMs: defaults.helloTimeoutMs,
      frameBytesGoal,
    },
    options,
    platform,
    owner,
    kept,
  )
  if (kept !== undefined) core.begin()
  const made: Side = { core, session: new Session(core), log: [], states: [], released: false }
  // `error` is listened for by those tests that mean it, so that an unexpected one is reported.
  for (const name of eventNames) if (name !== 'error') core.emitter.on(name, () => made.log.push(name))
  return made
}

/** What a promise has come to by now: its value, its error, or that it waits. */
export async function outcomeOf(promise: Promise<unknown>): Promise<unknown> {
  let outcome: unknown = 'pending'
  promise.then(
    (value) => {
      outcome = { value }
    },
    (error) => {
      outcome = { error }
    },
  )
  await new Promise((resolve) => setImmediate(resolve))
  return outcome
}

/** A promise with its ends outside. */
export function deferred<T = void>(): {
  promise: Promise<T>
  resolve: (value: T) => void
  reject: (error: unknown) => void
} {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, resolve, reject }
}

/** The promise itself; that nobody waits for it yet is no fault, should it reject. */
export function later<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
