import type { IncomingMessage as HttpRequest } from 'node:http'
import { type AnyContract, ArgumentError, defaults, type Json, limits, type Window } from '@lastword/protocol'
import {
  checkFunction,
  checkInteger,
  checkObject,
  checkOptionNames,
  checkSessionOptions,
  type Journal,
  type SessionOptions,
  sessionOptionNames,
} from '@lastword/session'

/** What `authenticate` is given: once for each link, before the session hears of it. */
export interface AuthenticateContext {
  /** What the client's `auth` option gave. */
  auth: Json | undefined
  /** The upgrade request: cookies, headers, the address. */
  request: HttpRequest
  sessionId: string
  /** True if the session exists already and this link would resume it. */
  resuming: boolean
}

export interface AdapterOptions<C = AnyContract> extends SessionOptions<C> {
  /**
   * Says who is there. Returns (or resolves with) the identity, which `onSession` is given; a session is only ever
   * resumed by the same one. Throws, rejects or returns `false` for somebody who may not: the client's session ends
   * with `unauthorized`. Left out, everybody is the same anonymous identity `''`, and the session's key alone protects it.
   */
  authenticate?: (context: AuthenticateContext) => string | false | Promise<string | false>
  /**
   * How long `authenticate` may take, in ms. One that takes longer refuses nobody: the link is closed, and the client
   * tries again. @default 10000
   */
  authenticateTimeoutMs?: number
  /**
   * Which pages may open sessions: a list of origins (`'https://app.example'`), or a function. Requests without an
   * Origin header do not come from a page and are let in by a list. The function lets in by returning `true`, at once. @default every origin
   */
  allowedOrigins?: readonly string[] | ((origin: string | undefined, request: HttpRequest) => boolean)
  /** How long a session is kept without a link, in ms. @default 60000 */
  ttlMs?: number
  /** After how long a silence either side asks whether the other is there; a link is dead after two, in ms. @default 15000 */
  keepaliveMs?: number
  /**
   * Where sessions are kept, so that they outlive this process, or move to another one that has the same journal.
   * Without one they live in memory, and a client that comes back after a restart is told `session-unknown`.
   */
  journal?: Journal
  /**
   * How long handlers that are running may take when another adapter asks for their session, in ms. What is not
   * handled by then is given to a handler there, marked as redelivered. @default 5000
   */
  handOverMs?: number
  /** How long a link may take to say `hello`, in ms. @default 10000 */
  helloTimeoutMs?: number
  /**
   * How long a poll of a client that cannot use WebSockets waits for something to be said to it, in ms: less where a proxy
   * in front is less patient. @default 20000
   */
  roundMs?: number
  /** How long such a client may take to ask again before its link counts as lost, in ms. @default 10000 */
  roundGapMs?: number
  /** How much a client may send that is not acknowledged. @default { messages: 1024, bytes: 4194304 } */
  window?: Partial<Window>
  /**
   * The largest message taken, in bytes. The server's own `maxPayload` must be larger by 4096; it is what guards
   * memory from frames that are larger still. @default 1048576 (1 MiB)
   */
  maxBytes?: number
  /**
   * Sessions that may go on at once; past it new ones are refused with `sessions-full`. As many that are over are kept
   * for `ttlMs`, so that their clients can ask how they ended. @default 100000
   */
  sessionsMax?: number
  /**
   * Sessions that one identity may have going on at once, so that nobody takes the room of all others; past it new
   * ones are refused with `identity-full`. As many of its sessions that are over are kept for `ttlMs`. Whoever has no
   * identity, for there is no `authenticate` or it returned `''`, counts by address: see `addressOf`. @default 10000
   */
  sessionsPerIdentityMax?: number
  /**
   * The address by which sessions without an identity are counted. Behind a reverse proxy all connections come from
   * the proxy: return what it says of its client, from a header that it sets itself, or all of them share one bound. If
   * it throws, the link is refused with `internal`. @default the address of the connection; of IPv6 its first 64 bits
   */
  addressOf?: (request: HttpRequest) => string
}

/** The options with their defaults. */
export interface CheckedAdapterOptions {
  ttlMs: number
  keepaliveMs: number
  handOverMs: number
  helloTimeoutMs: number
  roundMs: number
  roundGapMs: number
  authenticateTimeoutMs: number
  window: Window
  maxBytes: number
  sessionsMax: number
  sessionsPerIdentityMax: number
}

/** @throws ArgumentError that names the option, for one that cannot be used */
export function checkOptions(options: AdapterOptions): CheckedAdapterOptions {
  checkSessionOptions(options)
  checkOptionNames(options, optionNames)
  if (options.window !== undefined) checkObject('window', options.window, 'Pass { messages, bytes }.')
  const maxBytes = options.maxBytes ?? defaults.maxBytes
  const checked: CheckedAdapterOptions = {
    ttlMs: options.ttlMs ?? defaults.ttlMs,
    keepaliveMs: options.keepaliveMs ?? defaults.keepaliveMs,
    handOverMs: options.handOverMs ?? handOverMsDefault,
    helloTimeoutMs: options.helloTimeoutMs ?? defaults.helloTimeoutMs,
    roundMs: options.roundMs ?? defaults.roundMs,
    roundGapMs: options.roundGapMs ?? defaults.roundGapMs,
    authenticateTimeoutMs: options.authenticateTimeoutMs ?? defaults.helloTimeoutMs,
    window: {
      messages: options.window?.messages ?? defaults.windowMessages,
      bytes: options.window?.bytes ?? Math.max(defaults.windowBytes, maxBytes),
    },
    maxBytes,
    sessionsMax: options.sessionsMax ?? sessionsMaxDefault,
    sessionsPerIdentityMax: options.sessionsPerIdentityMax ?? sessionsPerIdentityMaxDefault,
  }
  checkInteger('ttlMs', checked.ttlMs, 0, limits.timerMsMax)
  checkInteger('keepaliveMs', checked.keepaliveMs, 1, limits.timerMsMax)
  checkInteger('handOverMs', checked.handOverMs, 0, limits.timerMsMax)
  checkInteger('helloTimeoutMs', checked.helloTimeoutMs, 1, limits.timerMsMax)
  checkInteger('roundMs', checked.roundMs, 1, limits.roundMsMax)
  checkInteger('roundGapMs', checked.roundGapMs, 1, limits.timerMsMax)
  checkInteger('authenticateTimeoutMs', checked.authenticateTimeoutMs, 1, limits.timerMsMax)
  checkInteger('maxBytes', maxBytes, limits.maxBytesMin, limits.bytesMax)
  checkInteger('window.messages', checked.window.messages, 1, limits.windowMessagesMax)
  checkInteger('window.bytes', checked.window.bytes, limits.maxBytesMin, limits.bytesMax)
  checkInteger('sessionsMax', checked.sessionsMax, 1, Number.MAX_SAFE_INTEGER)
  checkInteger('sessionsPerIdentityMax', checked.sessionsPerIdentityMax, 1, Number.MAX_SAFE_INTEGER)
  if (options.addressOf !== undefined) {
    checkFunction('addressOf', options.addressOf, 'Return the address of the client as a string.')
  }
  if (options.authenticate !== undefined) {
    checkFunction('authenticate', options.authenticate, 'Return who is there, or false.')
  }
  checkOrigins(options.allowedOrigins)
  checkJournal(options.journal)
  return checked
}

const optionNames: Record<keyof AdapterOptions, true> = {
  ...sessionOptionNames,
  authenticate: true,
  authenticateTimeoutMs: true,
  allowedOrigins: true,
  ttlMs: true,
  keepaliveMs: true,
  journal: true,
  handOverMs: true,
  helloTimeoutMs: true,
  roundMs: true,
  roundGapMs: true,
  window: true,
  maxBytes: true,
  sessionsMax: true,
  sessionsPerIdentityMax: true,
  addressOf: true,
}

/** Well below the time that a client gives a server to say `welcome`. */
const handOverMsDefault = 5000

const sessionsMaxDefault = 100_000
/** A tenth of them: one identity leaves room, and an office or a proxy behind one address is not yet too many. */
const sessionsPerIdentityMaxDefault = 10_000

function checkJournal(journal: Journal | undefined): void {
  if (journal === undefined) return
  checkObject('journal', journal, 'Pass levelJournal(…) or memoryJournal().')
  for (const method of ['create', 'find', 'claim', 'prune'] as const) {
    checkFunction(`journal.${method}`, journal[method], 'Pass levelJournal(…) or memoryJournal().')
  }
}

function checkOrigins(origins: AdapterOptions['allowedOrigins']): void {
  if (origins === undefined || typeof origins === 'function') return
  if (!Array.isArray(origins)) {
    throw new ArgumentError('allowedOrigins is neither a list nor a function', "Use ['https://app.example'].")
  }
  for (const origin of origins) {
    // Browsers send nothing behind the port, so that an address with a path would never match.
    if (typeof origin === 'string' && (!/^https?:/i.test(origin) || originOf(origin) === origin)) continue
    throw new ArgumentError(
      `${JSON.stringify(origin)} is not an origin`,
      "Use one like 'https://app.example:8443'.",
    )
  }
}

function originOf(address: string): string | undefined {
  try {
    return new URL(address).origin
  } catch {
    return undefined
  }
}
