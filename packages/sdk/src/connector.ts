import {
  type Contract,
  closeCodes,
  encodeEarly,
  type Json,
  type LastwordError,
  type LinkId,
  limits,
  subprotocol,
} from '@lastword/protocol'
import {
  type ClosedLink,
  type LostSession,
  lostSession,
  platform,
  requestNeverLeft,
  SessionCore,
  type SessionOwner,
} from '@lastword/session'
import { type Link, type LinkEnd, type OpenLink, sendOneShot } from '@lastword/transport'
import { type CheckedOptions, type ConnectOptions, checkAuth, checkOptions } from './connect-options.ts'
import { ClientCoreConfig } from './core-config.ts'
import { handshakeError, noAuth, notMade, noWelcome } from './handshake-error.ts'
import type { TakenSession } from './journaled.ts'
import { LinkChoice } from './link-choice.ts'
import { locationUrl } from './location.ts'
import { backoff, type ReconnectPolicy } from './reconnect-policy.ts'

/** Frees what it was returned for. */
export type Release = () => void

/** What a connector hears of the platform. */
export interface ConnectorEnvironment {
  /** Calls back when the network is there again. */
  onOnline?(callback: () => void): Release
}

/** Keeps a client's session on a link: opens the first one, and another one whenever the session wants it. */
export class Connector implements SessionOwner {
  readonly core: SessionCore
  /** Only where the application wants to know. */
  readonly onLost?: NonNullable<SessionOwner['onLost']>

  readonly #url: string
  readonly #options: ConnectOptions
  readonly #checked: CheckedOptions
  readonly #choice: LinkChoice
  readonly #policy: ReconnectPolicy
  readonly #releases: Release[] = []
  #attempt = 0
  #downSince: number
  /** True from the decision to open a link until the session has it, or it failed. */
  #opening = false
  #cancelTimer: (() => void) | undefined
  #cancelAuthTimer: (() => void) | undefined
  #earlyRefused = false
  #sentEarly = false
  /** The link that has not been attached yet, or is attached now. */
  #linkId: LinkId | undefined
  #lastError: LastwordError | undefined
  /** Links in a row on which nobody spoke lastword, as far as can be seen. */
  #silentLinks = 0
  /** The server has asked to go to another link, and the session has not gone yet. */
  #moving = false
  /** Where it has asked to go; forgotten when that does not answer. */
  #location: string | undefined
  #released = false
  #parked = false
  /** What the last link said of who is asking. */
  #auth: Json | undefined

  /** `kept`: the session as the journal has it; without it a new one is made, which ends with the process. */
  constructor(
    url: string,
    options: ConnectOptions,
    openLink: OpenLink,
    environment: ConnectorEnvironment,
    kept?: TakenSession,
  ) {
    this.#url = url
    this.#options = options
    this.#checked = checkOptions(options)
    this.#choice = new LinkChoice(options.openLink ?? openLink, options.fallback)
    this.#policy = options.reconnect ?? backoff()
    this.#downSince = platform.now()
    const { onSessionLost } = options
    if (onSessionLost !== undefined) {
      this.onLost = (...lost) => tell(onSessionLost, lostSession(...lost))
    }
    this.core = new SessionCore(
      new ClientCoreConfig(this.#checked, options.agent, kept),
      options as ConnectOptions<Contract>,
      platform,
      this,
      kept,
    )
    // What the application sends in the same turn goes with the first frame.
    this.#opening = true
    platform.endOfTurn(() => void (kept === undefined ? this.#open() : this.#begin()))
    const online = environment.onOnline?.(() => this.#onOnline())
    if (online !== undefined) this.#releases.push(online)
    this.#watch(options.signal)
  }

  /**
   * The page goes away. What is not acknowledged leaves on a one-shot link, unless there is more than fits while there is
   * a link that may still bring all of it.
   */
  leave(): void {
    if (this.#parked || (this.core.attached && this.core.retainedBytes > lastWordsBytes)) return
    const frames = this.core.lastWords(this.#auth, lastWordsBytes)
    if (frames.length > 0) sendOneShot(this.#location ?? this.#url, frames)
    this.park()
  }

  /** The page is put aside: the session has no link, and looks for none before `unpark`. */
  park(): void {
    this.#parked = true
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.core.dropLinks()
  }

  /** The page is back. */
  unpark(): void {
    if (!this.#parked) return
    this.#parked = false
    this.#attempt = 0
    this.#linkId = undefined
    this.#downSince = platform.now()
    void this.#open()
  }

  /** True if another link is of use: there is none, or the one that there is will go. */
  get #wanted(): boolean {
    if (this.#parked) return false
    return this.core.wantsLink || (this.#moving && this.core.attached)
  }

  /** Nothing leaves that the journal does not hold; with its first write goes what the application has sent by now. */
  async #begin(): Promise<void> {
    this.core.begin()
    // A journal that failed has ended the session.
    await this.core.held().catch(() => {})
    await this.#open()
  }

  /** `again`: it is still the same attempt. */
  async #open(again = false): Promise<void> {
    this.#cancelTimer = undefined
    this.#opening = this.#wanted
    if (!this.#opening) return
    if (!again) this.#attempt++
    // A session that is over has said so, and nothing follows that.
    if (!again && !this.core.ended) this.core.emitter.emit('connecting', { attempt: this.#attempt })
    const { auth: given } = this.#options
    let auth: Json | undefined
    try {
      auth = typeof given === 'function' ? await this.#askForAuth(given) : given
    } catch (cause) {
      // What it asks may be as unreachable as the server is: the next attempt asks again.
      this.#opening = false
      if (this.core.ended && !this.#wanted) return
      this.#lastError = noAuth(cause, this.core.sid)
      if (!this.core.ended) this.core.emitter.emit('disconnected', this.#lastError)
      return this.#scheduleNext()
    }
    try {
      checkAuth(auth)
    } catch (error) {
      this.#opening = false
      return this.core.abort('aborted', 'auth cannot be used', error)
    }
    this.#opening = this.#wanted
    if (this.#opening) this.#start(auth)
  }

  /** Rejects if the application has none, or takes too long. */
  async #askForAuth(auth: () => Json | Promise<Json>): Promise<Json | undefined> {
    const ms = this.#checked.connectTimeoutMs
    try {
      return await new Promise<Json>((resolve, reject) => {
        const late = () => reject(new Error(`auth did not answer within ${ms} ms`))
        this.#cancelAuthTimer = platform.setTimer(ms, late, !this.core.ended)
        Promise.resolve(auth()).then(resolve, reject)
      })
    } finally {
      this.#cancelAuthTimer?.()
    }
  }

  #start(auth: Json | undefined): void {
    this.#auth = auth
    const mayBeEarly = this.#options.early !== false && !this.#earlyRefused
    const { id, frame } = this.core.startLink(auth, mayBeEarly ? earlyFrameBytes : undefined)
    const early = mayBeEarly && typeof frame === 'string' ? encodeEarly(frame) : undefined
    this.#linkId = id
    this.#sentEarly = early !== undefined
    let link: Link
    try {
      link = this.#choice.openLink(this.#location ?? this.#url, {
        protocols: early === undefined ? [subprotocol] : [subprotocol, early],
        connectTimeoutMs: this.#checked.connectTimeoutMs,
        frameBytesMax: this.#checked.maxBytes + limits.frameOverheadBytes,
      })
    } catch (cause) {
      this.#opening = false
      const error = notMade(cause, this.#url, this.core.sid)
      if (!this.core.ended) this.core.emitter.emit('disconnected', error)
      this.core.unmake(id)
      return this.core.abort('aborted', error.message, error)
    }
    this.core.bind(id, link, { frame, early: early !== undefined })
  }

  // For the session, of which this is the owner itself: an object of functions would be one more thing that keeps it.

  whyNotOpened(): LastwordError | undefined {
    return this.#lastError
  }

  onAttached(): void {
    this.#choice.onAttached()
    this.#opening = false
    this.#moving = false
    this.#attempt = 0
    this.#silentLinks = 0
    this.#lastError = undefined
  }

  /** A link that the session has given up may take a while to end; the next one does not wait for that. */
  onDetached(): void {
    this.#downSince = platform.now()
    // Another link may be on its way already.
    if (!this.core.wantsLink) return
    this.#linkId = undefined
    queueMicrotask(() => this.#scheduleNext())
  }

  /** How a link ended that was never attached; of all others `onDetached` has heard before. */
  onLinkEnd(link: LinkId, end: LinkEnd, closed: ClosedLink | undefined): void {
    if (link !== this.#linkId || !this.#wanted) return
    this.#linkId = undefined
    this.#opening = false
    if (this.#sentEarly && !end.opened && !requestNeverLeft(end)) {
      // Opening is idempotent: a server, or something on the way, that does not like the long header gets a plain one.
      this.#earlyRefused = true
      return void this.#open(true)
    }
    // What did not like a long header may like another way of asking.
    if (this.#choice.onFailed(end)) this.#earlyRefused = false
    const url = this.#location ?? this.#url
    if (wasSilent(end, closed)) {
      this.#silentLinks++
      this.#lastError = noWelcome(this.#silentLinks, this.#checked.welcomeTimeoutMs, url, this.core.sid)
    } else {
      this.#silentLinks = 0
      this.#lastError = handshakeError(end, url, this.core.sid)
    }
    this.#location = undefined
    if (!this.core.ended) this.core.emitter.emit('disconnected', this.#lastError)
    this.#scheduleNext()
  }

  #scheduleNext(): void {
    if (this.#opening || !this.#wanted) return
    let delayMs: number | null
    try {
      delayMs = this.#policy.nextDelayMs({
        attempt: this.#attempt + 1,
        downMs: platform.now() - this.#downSince,
        error: this.#lastError,
        welcomed: this.core.welcomed,
        silentLinks: this.#silentLinks,
        untried: this.#choice.untried,
      })
    } catch (error) {
      return this.core.abort('aborted', 'the reconnect policy failed', error)
    }
    if (delayMs === null || !(delayMs >= 0)) {
      // There still is the link that will go.
      if (!this.core.wantsLink) {
        this.#moving = false
        return
      }
      const why = this.#lastError?.message ?? 'the reconnect policy gave up'
      return this.core.abort('aborted', why, this.#lastError)
    }
    this.#opening = true
    // A session that is over only has to say its last acknowledgement again: no reason to keep a process alive.
    this.#cancelTimer = platform.setTimer(delayMs, () => void this.#open(), !this.core.ended)
  }

  /** The next link is opened soon, but not by all clients of a server at once; the one in use is left when it is there. */
  onAway(afterMs: number, location: string | undefined): void {
    this.#location = locationUrl(location, this.#url)
    if (this.#moving || this.#opening) return
    this.#moving = true
    this.#opening = true
    this.#attempt = 0
    const delayMs = Math.random() * Math.min(afterMs / 4, moveDelayMaxMs)
    this.#cancelTimer = platform.setTimer(delayMs, () => void this.#open(), true)
  }

  /** It is no use to ask again: the session stays where it is. */
  onMoveRefused(): void {
    this.#moving = false
    this.#opening = false
    this.#location = undefined
  }

  #onOnline(): void {
    if (this.#parked || this.#cancelTimer === undefined) return
    this.#cancelTimer()
    this.#attempt = 0
    void this.#open()
  }

  #watch(signal: AbortSignal | undefined): void {
    if (signal === undefined) return
    const abort = () => this.core.abort('aborted', 'the session was aborted by its signal', signal.reason)
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    this.#releases.push(() => signal.removeEventListener('abort', abort))
  }

  onReleased(): void {
    if (this.#released) return
    this.#released = true
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#cancelAuthTimer?.()
    for (const release of this.#releases) release()
  }
}

/**
 * True if the time for a `welcome` passed on an open link, and the other side did no more than answer the close: a close
 * frame of its own, such as that of a server whose `authenticate` took as long, comes with other words.
 */
function wasSilent({ opened, code, reason }: LinkEnd, closed: ClosedLink | undefined): boolean {
  if (!opened || closed?.code !== closeCodes.helloTimeout) return false
  return (
    code === 1005 || code === 1006 || (code === closed.code && (reason === '' || reason === closed.reason))
  )
}

/** Over how long a time the clients of a server that goes away spread. */
const moveDelayMaxMs = 1_000

/** What the application does wrong with it is reported, and known by the rejection. */
async function tell(
  onLost: (lost: LostSession<unknown>) => unknown,
  lost: LostSession<unknown>,
): Promise<void> {
  try {
    await onLost(lost)
  } catch (error) {
    platform.report(error)
    throw error
  }
}

/** What fits into the early frame's base64url form. */
const earlyFrameBytes = Math.floor((limits.earlyCharsMax * 3) / 4)

/** What leaves on a one-shot link: browsers take 64 KiB in all that outlives a page. */
const lastWordsBytes = 60_000
