import type { BackoffOptions, ReconnectPolicy } from '../reconnect-policy.ts'

/**
 * Full-jitter exponential back-off: a delay drawn evenly from 0 to `minMs` × 2^(attempt - 1), at most `maxMs`. It gives
 * up where nobody speaks: three links in a row that opened and brought no `welcome` before the session ever had one.
 */
export const backoff = ({
  minMs = 100,
  maxMs = 10_000,
  attemptsMax = Infinity,
  random = Math.random,
}: BackoffOptions = {}): ReconnectPolicy => ({
  nextDelayMs: ({ attempt, welcomed, silentLinks, untried }) =>
    attempt > attemptsMax || (!welcomed && !untried && silentLinks > 2)
      ? null
      : random() * Math.min(maxMs, minMs * 2 ** Math.min(attempt - 1, 30)),
})
