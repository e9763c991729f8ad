import type { IncomingMessage as HttpRequest } from 'node:http'
import { type AnyContract, ArgumentError, defaults, type Json, limits, type Window } from '@lastword/protocol'
import type { SessionOptions } from '@lastword/session'

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
   * with `unauthorized`. Left out, everybody is the same anonymous identity, and the session's key alone protects it.
   */
  authenticate?: (context: AuthenticateContext) => string | false | Promise<string | false>
  /** How long `authenticate` may take, in ms. @default 10000 */
  authenticateTimeoutMs?: number
  /**
   * Which pages may open sessions: a list of origins (`'https://app.example'`), or a function. Requests without an
   * Origin header do not come from a page and are let in by a list. @default every origin
   */
  allowedOrigins?: readonly string[] | ((origin: string | undefined, request: HttpRequest) => boolean)
  /** How long a session is kept without a link, in ms. @default 60000 */
  ttlMs?: number
  /** After how long a silence either side asks whether the other is there; a link is dead after two, in ms. @default 15000 */
  keepaliveMs?: number
  /** How long a link may take to say `hello`, in ms. @default 10000 */
  helloTimeoutMs?: number
  /** How much a client may send that is not acknowledged. @default { messages: 1024, bytes: 4194304 } */
  window?: Partial<Window>
  /** The largest message taken, in bytes. The server's own `maxPayload` must be larger by 4096. @default 1048576 (1 MiB) */
  maxBytes?: number
  /** Sessions that may exist at once; past it new ones are refused with `sessions-full`. @default 100000 */
  sessionsMax?: number
}

/** The options with their defaults. */
export interface CheckedAdapterOptions {
  ttlMs: number
  keepaliveMs: number
  helloTimeoutMs: number
  authenticateTimeoutMs: number
  window: Window
  maxBytes: number
  sessionsMax: number
}

/** @throws ArgumentError that names the option, for one that cannot be used */
export function checkOptions(options: AdapterOptions): CheckedAdapterOptions {
  const maxBytes = options.maxBytes ?? defaults.maxBytes
  const checked: CheckedAdapterOptions = {
    ttlMs: options.ttlMs ?? defaults.ttlMs,
    keepaliveMs: options.keepaliveMs ?? defaults.keepaliveMs,
    helloTimeoutMs: options.helloTimeoutMs ?? defaults.helloTimeoutMs,
    authenticateTimeoutMs: options.authenticateTimeoutMs ?? defaults.helloTimeoutMs,
    window: {
      messages: options.window?.messages ?? defaults.windowMessages,
      bytes: options.window?.bytes ?? Math.max(defaults.windowBytes, maxBytes),
    },
    maxBytes,
    sessionsMax: options.sessionsMax ?? sessionsMaxDefault,
  }
  inRange('ttlMs', checked.ttlMs, 0, limits.timerMsMax)
  inRange('keepaliveMs', checked.keepaliveMs, 1, limits.timerMsMax)
  inRange('helloTimeoutMs', checked.helloTimeoutMs, 1, limits.timerMsMax)
  inRange('authenticateTimeoutMs', checked.authenticateTimeoutMs, 1, limits.timerMsMax)
  inRange('maxBytes', maxBytes, limits.maxBytesMin, limits.bytesMax)
  inRange('window.messages', checked.window.messages, 1, limits.windowMessagesMax)
  inRange('window.bytes', checked.window.bytes, limits.maxBytesMin, limits.bytesMax)
  inRange('sessionsMax', checked.sessionsMax, 1, Number.MAX_SAFE_INTEGER)
  if (options.queuedBytesMax !== undefined)
    inRange('queuedBytesMax', options.queuedBytesMax, 0, Number.MAX_SAFE_INTEGER)
  if (options.concurrency !== undefined && !(options.concurrency >= 1)) {
    throw new ArgumentError(`concurrency is ${options.concurrency}`, 'Use 1 or more.')
  }
  const { allowedOrigins, authenticate } = options
  if (
    allowedOrigins !== undefined &&
    typeof allowedOrigins !== 'function' &&
    !Array.isArray(allowedOrigins)
  ) {
    throw new ArgumentError('allowedOrigins is neither a list nor a function', "Use ['https://app.example'].")
  }
  if (authenticate !== undefined && typeof authenticate !== 'function') {
    throw new ArgumentError('authenticate is not a function', 'Return who is there, or false.')
  }
  return checked
}

const sessionsMaxDefault = 100_000

function inRange(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new ArgumentError(`${name} is ${value}`, `Use a whole number from ${min} to ${max}.`)
}
