import {
  type AnyContract,
  ArgumentError,
  defaults,
  type Json,
  limits,
  payloadText,
  type Window,
} from '@lastword/protocol'
import {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkObject,
  checkSessionOptions,
  checkSignal,
  type LostSession,
  type SessionOptions,
} from '@lastword/session'
import type { OpenLink } from '@lastword/transport'
import { withoutSecrets } from './handshake-error.ts'
import type { ReconnectPolicy } from './reconnect-policy.ts'

export interface ConnectOptions<C = AnyContract> extends SessionOptions<C> {
  /**
   * What the server's `authenticate` is given with each `hello`; a function is asked anew for each link. If it throws,
   * rejects or takes longer than `connectTimeoutMs`, that attempt has failed, and `reconnect` says when to try again.
   */
  auth?: Json | (() => Json | Promise<Json>)
  /** Whether the first frame may travel with the upgrade request, which saves a round trip. @default true */
  early?: boolean
  /** When to open the next link. @default backoff() */
  reconnect?: ReconnectPolicy
  /** How long a connection may take to be made, in ms. @default 10000 */
  connectTimeoutMs?: number
  /** How long an open connection may take to say `welcome`, in ms. @default 10000 */
  welcomeTimeoutMs?: number
  /** How much the server may send that is not acknowledged. @default { messages: 1024, bytes: 4194304 } */
  window?: Partial<Window>
  /** The largest message taken, in bytes. @default 1048576 (1 MiB) */
  maxBytes?: number
  /** Which program this is, for the server's logs; at most 128 characters. */
  agent?: string
  /**
   * Called when the server does not know the session any more, because it has lost its memory or the session was away for
   * too long. Every message has its fate by then, in its promise and in the report; open another session and
   * `resend(session)` what nobody has acknowledged. With a journal the lost session stays there until what this returns has
   * resolved: return a promise for the moment when the messages are safe. What it throws is reported; the journal then
   * keeps the session for the next process.
   */
  onSessionLost?: (lost: LostSession<C>) => unknown
  /** Ends the session when it is aborted. */
  signal?: AbortSignal
  /** How links are made, for platforms and tests that bring their own. */
  openLink?: OpenLink
  /**
   * How links are made where WebSockets do not get through: `polling`, from `@lastword/sdk/polling`. It is tried when two
   * attempts in a row brought no session, unless the server itself refused; from then on both ways take turns until one
   * has brought it, which is kept for this session.
   */
  fallback?: OpenLink
}

/** The options with their defaults. */
export interface CheckedOptions {
  window: Window
  maxBytes: number
  connectTimeoutMs: number
  welcomeTimeoutMs: number
}

/** @throws ArgumentError that names the option, for one that cannot be used */
export function checkOptions(options: ConnectOptions): CheckedOptions {
  checkSessionOptions(options)
  if (options.window !== undefined) checkObject('window', options.window, 'Pass { messages, bytes }.')
  const maxBytes = options.maxBytes ?? defaults.maxBytes
  const window = {
    messages: options.window?.messages ?? defaults.windowMessages,
    bytes: options.window?.bytes ?? Math.max(defaults.windowBytes, maxBytes),
  }
  checkInteger('maxBytes', maxBytes, limits.maxBytesMin, limits.bytesMax)
  checkInteger('window.messages', window.messages, 1, limits.windowMessagesMax)
  checkInteger('window.bytes', window.bytes, limits.maxBytesMin, limits.bytesMax)
  if (
    options.agent !== undefined &&
    (typeof options.agent !== 'string' || options.agent.length > limits.agentCharsMax)
  ) {
    throw new ArgumentError('agent is not a short string', `Use at most ${limits.agentCharsMax} characters.`)
  }
  if (options.reconnect !== undefined && typeof options.reconnect?.nextDelayMs !== 'function') {
    throw new ArgumentError(
      'reconnect is not a policy',
      'Use backoff({ … }), or an object with nextDelayMs(context).',
    )
  }
  checkBoolean('early', options.early)
  checkSignal(options.signal)
  if (typeof options.auth !== 'function') checkAuth(options.auth)
  if (options.onSessionLost !== undefined) {
    checkFunction('onSessionLost', options.onSessionLost, 'Pass ({ report, messages, resend }) => ….')
  }
  if (options.openLink !== undefined) {
    checkFunction('openLink', options.openLink, 'Leave it out, or make a link and return it.')
  }
  if (options.fallback !== undefined) {
    checkFunction(
      'fallback',
      options.fallback,
      "Pass polling, from '@lastword/sdk/polling', or leave it out.",
    )
  }
  const connectTimeoutMs = options.connectTimeoutMs ?? defaults.connectTimeoutMs
  const welcomeTimeoutMs = options.welcomeTimeoutMs ?? defaults.helloTimeoutMs
  checkInteger('connectTimeoutMs', connectTimeoutMs, 1, limits.timerMsMax)
  checkInteger('welcomeTimeoutMs', welcomeTimeoutMs, 1, limits.timerMsMax)
  return { window, maxBytes, connectTimeoutMs, welcomeTimeoutMs }
}

/** @throws ArgumentError for what JSON cannot carry, or is too large for a greeting */
export function checkAuth(auth: Json | undefined): void {
  let chars: number
  try {
    chars = payloadText(auth)?.length ?? 0
  } catch (error) {
    throw new ArgumentError(
      `auth cannot be used: ${(error as Error).message}`,
      'Give what JSON can carry, such as a token.',
    )
  }
  if (chars > limits.headerBytesMax) {
    throw new ArgumentError(`auth has ${chars} characters as JSON`, `Use at most ${limits.headerBytesMax}.`)
  }
}

/**
 * The address as a WebSocket URL. A relative one is taken against the page, http(s) counts as ws(s).
 *
 * @throws ArgumentError if it is none
 */
export function webSocketUrl(url: string | URL): string {
  const base = (globalThis as { location?: { href?: string } }).location?.href
  // Many sessions in a row mostly have the same address, and to parse one takes longer than to make a session.
  if (latest !== undefined && url === latest.url && base === latest.base) return latest.address
  let parsed: URL
  try {
    parsed = new URL(url, base)
  } catch {
    // It may hold a token all the same.
    const shown = withoutSecrets(String(url))
    throw new ArgumentError(`"${shown}" is not a URL`, 'Use ws://host/path or wss://host/path.')
  }
  if (parsed.protocol === 'http:') parsed.protocol = 'ws:'
  if (parsed.protocol === 'https:') parsed.protocol = 'wss:'
  if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:') {
    throw new ArgumentError(
      `"${parsed.protocol}" is not a WebSocket scheme`,
      'Use ws://host/path or wss://host/path.',
    )
  }
  parsed.hash = ''
  if (typeof url === 'string') latest = { url, base, address: parsed.href }
  return parsed.href
}

/** What was asked for last, and the answer. */
let latest: { url: string; base: string | undefined; address: string } | undefined
