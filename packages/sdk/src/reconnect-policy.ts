import { ArgumentError, defaults, HandshakeError, type LastwordError } from '@lastword/protocol'

/** What a policy decides by. */
export interface ReconnectContext {
  /** Attempts since the session was last attached, counted from 1. */
  attempt: number
  /** How long there has been no link, in ms. */
  downMs: number
  /** Why the last link ended or could not be made, as far as it is known. */
  error: LastwordError | undefined
  /** True if the session has been attached before. */
  welcomed: boolean
  /** How many links in a row opened and brought no `welcome` in time, without the server ending them by itself. */
  silentLinks: number
  /** True if there is a `fallback` that has not been tried, and may still be. */
  untried: boolean
}

/** When to open the next link. */
export interface ReconnectPolicy {
  /** The delay in ms before the next attempt, or `null` to give the session up: what was not handled is then rejected with its fate. */
  nextDelayMs(context: ReconnectContext): number | null
}

export interface BackoffOptions {
  /** @default 100 */
  minMs?: number
  /** @default 10000 */
  maxMs?: number
  /** Gives up after so many attempts in a row. @default Infinity */
  attemptsMax?: number
  /** A number from 0 to below 1. @default Math.random */
  random?: () => number
}

/**
 * Full-jitter exponential back-off: a delay drawn evenly from 0 to `minMs` × 2^(attempt - 1), at most `maxMs`. It
 * gives up where trying again is of no use: a bad certificate, a server that does not speak lastword, an upgrade
 * refused with a 4xx status that does not mean "later" (408, 425, 429), or three links in a row that opened and brought
 * no `welcome` before the session ever had one: a WebSocket server may select lastword's subprotocol without knowing it.
 * It does not give up while there is a `fallback` that has not been tried.
 */
export function backoff(options: BackoffOptions = {}): ReconnectPolicy {
  const { minMs = defaults.reconnectMinMs, maxMs = defaults.reconnectMaxMs, attemptsMax = Infinity } = options
  const random = options.random ?? Math.random
  if (!(minMs >= 0 && maxMs >= minMs)) {
    throw new ArgumentError(`minMs ${minMs} and maxMs ${maxMs} are no range`, 'Use 0 <= minMs <= maxMs.')
  }
  if (!(attemptsMax >= 0)) {
    throw new ArgumentError(`attemptsMax is ${attemptsMax}`, 'Use 0 or more, or leave it out.')
  }
  if (typeof random !== 'function') {
    throw new ArgumentError('random is not a function', 'Return a number from 0 to below 1.')
  }
  return {
    nextDelayMs({ attempt, error, welcomed, silentLinks, untried }) {
      if (attempt > attemptsMax) return null
      if (!welcomed && !untried && (isHopeless(error) || silentLinks >= silentLinksMax)) return null
      return random() * Math.min(maxMs, minMs * 2 ** Math.min(attempt - 1, 30))
    },
  }
}

function isHopeless(error: LastwordError | undefined): boolean {
  if (!(error instanceof HandshakeError)) return false
  if (error.reason === 'certificate' || error.reason === 'subprotocol-refused') return true
  const status = error.httpStatus ?? 0
  return error.reason === 'upgrade-refused' && status >= 400 && status < 500 && !laterStatuses.has(status)
}

/** One may be an accident, or a server that is too busy. */
const silentLinksMax = 3

const laterStatuses: ReadonlySet<number> = new Set([408, 425, 429])
