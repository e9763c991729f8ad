import { type AnyContract, ArgumentError, defaults, type Json, limits, type Window } from '@lastword/protocol'
import type { SessionOptions } from '@lastword/session'
import type { OpenLink } from '@lastword/transport'
import type { ReconnectPolicy } from './reconnect-policy.ts'

export interface ConnectOptions<C = AnyContract> extends SessionOptions<C> {
  /** What the server's `authenticate` is given with each `hello`; a function is asked anew for each link. */
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
  /** Ends the session when it is aborted. */
  signal?: AbortSignal
  /** How links are made, for platforms and tests that bring their own. */
  openLink?: OpenLink
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
  const maxBytes = options.maxBytes ?? defaults.maxBytes
  const window = {
    messages: options.window?.messages ?? defaults.windowMessages,
    bytes: options.window?.bytes ?? Math.max(defaults.windowBytes, maxBytes),
  }
  inRange('maxBytes', maxBytes, limits.maxBytesMin, limits.bytesMax)
  inRange('window.messages', window.messages, 1, limits.windowMessagesMax)
  inRange('window.bytes', window.bytes, limits.maxBytesMin, limits.bytesMax)
  if (options.queuedBytesMax !== undefined)
    inRange('queuedBytesMax', options.queuedBytesMax, 0, Number.MAX_SAFE_INTEGER)
  if (options.concurrency !== undefined && !(options.concurrency >= 1)) {
    throw new ArgumentError(`concurrency is ${options.concurrency}`, 'Use 1 or more.')
  }
  if (options.agent !== undefined && options.agent.length > limits.agentCharsMax) {
    throw new ArgumentError('agent is too long', `Use at most ${limits.agentCharsMax} characters.`)
  }
  if (options.reconnect !== undefined && typeof options.reconnect.nextDelayMs !== 'function') {
    throw new ArgumentError(
      'reconnect is not a policy',
      'Use backoff({ … }), or an object with nextDelayMs(context).',
    )
  }
  const connectTimeoutMs = options.connectTimeoutMs ?? defaults.connectTimeoutMs
  const welcomeTimeoutMs = options.welcomeTimeoutMs ?? defaults.helloTimeoutMs
  inRange('connectTimeoutMs', connectTimeoutMs, 1, limits.timerMsMax)
  inRange('welcomeTimeoutMs', welcomeTimeoutMs, 1, limits.timerMsMax)
  return { window, maxBytes, connectTimeoutMs, welcomeTimeoutMs }
}

/**
 * The address as a WebSocket URL. A relative one is taken against the page, http(s) counts as ws(s).
 *
 * @throws ArgumentError if it is none
 */
export function webSocketUrl(url: string | URL): string {
  const base = (globalThis as { location?: { href?: string } }).location?.href
  let parsed: URL
  try {
    parsed = new URL(url, base)
  } catch {
    throw new ArgumentError(`"${url}" is not a URL`, 'Use ws://host/path or wss://host/path.')
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
  return parsed.href
}

function inRange(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new ArgumentError(`${name} is ${value}`, `Use a whole number from ${min} to ${max}.`)
}
