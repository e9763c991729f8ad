import { ArgumentError, type Contract, isId, limits } from '@lastword/protocol'
import type { CloseOptions, SendOptions, SessionOptions } from './session-types.ts'

/** @throws ArgumentError for a name that cannot be sent, or that the contract does not have. */
export function checkName(name: string, contract: Contract | undefined): void {
  if (typeof name !== 'string' || name.length === 0 || name.length > limits.chCharsMax) {
    throw new ArgumentError(
      `a message's name must be a string of 1 to ${limits.chCharsMax} characters`,
      'Pass the name first and the payload second: send("offer", { sdp }).',
    )
  }
  if (contract !== undefined && !Object.hasOwn(contract, name)) {
    throw new ArgumentError(
      `the contract has no message "${name}"`,
      `Use one of ${Object.keys(contract).join(', ')}, or add it to the contract.`,
    )
  }
}

export function checkFunction(what: string, value: unknown, remedy: string): void {
  if (typeof value !== 'function') throw new ArgumentError(`${what} is not a function`, remedy)
}

export function checkSendOptions(options: SendOptions): void {
  checkObject('the options', options, 'Pass { id, meta, redelivered, signal } as the third argument.')
  if (options.id !== undefined && !isId(options.id)) {
    throw new ArgumentError(
      `the id ${JSON.stringify(options.id)} cannot be used`,
      `Use 1 to ${limits.idCharsMax} of A-Z a-z 0-9 _ . : ~ -`,
    )
  }
  checkBoolean('redelivered', options.redelivered)
  checkSignal(options.signal)
  if (options.meta !== undefined) checkMeta(options.meta)
}

export function checkCloseOptions(options: CloseOptions): void {
  checkObject('the options', options, 'Pass { code, reason, timeoutMs, signal }, or nothing.')
  const { code, reason, timeoutMs } = options
  if (code !== undefined && code !== 1000 && !(Number.isInteger(code) && code >= 3000 && code <= 4999)) {
    throw new ArgumentError(`the close code ${code} is not an application's`, 'Use 1000, or 3000 to 4999.')
  }
  checkReason(reason)
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
    throw new ArgumentError(`timeoutMs is ${timeoutMs}`, 'Use milliseconds, 0 or more.')
  }
  checkSignal(options.signal)
}

export function checkReason(reason: string | undefined): void {
  if (reason !== undefined && (typeof reason !== 'string' || reason.length > limits.reasonCharsMax)) {
    throw new ArgumentError(
      'the reason is not a short string',
      `Use at most ${limits.reasonCharsMax} characters.`,
    )
  }
}

/** What `connect()` and `createAdapter()` have in common. */
export function checkSessionOptions(options: SessionOptions): void {
  checkObject('the options', options, 'Pass an object, or nothing.')
  const { contract, concurrency, queuedBytesMax, onFull, halfOpen, trace } = options
  if (contract !== undefined) checkObject('contract', contract, 'Make it with contract({ … }).')
  if (concurrency !== undefined && concurrency !== Number.POSITIVE_INFINITY) {
    checkInteger('concurrency', concurrency, 1, Number.MAX_SAFE_INTEGER)
  }
  if (queuedBytesMax !== undefined) checkInteger('queuedBytesMax', queuedBytesMax, 0, Number.MAX_SAFE_INTEGER)
  if (onFull !== undefined && onFull !== 'reject' && onFull !== 'wait') {
    throw new ArgumentError(`onFull is ${JSON.stringify(onFull)}`, "Use 'reject' or 'wait'.")
  }
  checkBoolean('halfOpen', halfOpen)
  if (trace !== undefined && typeof trace !== 'function' && typeof trace?.onEvent !== 'function') {
    throw new ArgumentError('trace is not a function', 'Pass (event) => …, or { onEvent, payloads }.')
  }
}

/** The options that both sides have. */
export const sessionOptionNames: Record<keyof SessionOptions, true> = {
  contract: true,
  concurrency: true,
  queuedBytesMax: true,
  onFull: true,
  halfOpen: true,
  trace: true,
}

/** @throws ArgumentError for an option that is set and that nobody knows: the default would hold in silence */
export function checkOptionNames(options: object, known: Record<string, true>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || Object.hasOwn(known, name)) continue
    throw new ArgumentError(
      `there is no option "${name}"`,
      `There are ${Object.keys(known).sort().join(', ')}.`,
    )
  }
}

/** @throws ArgumentError unless it is a whole number from `min` to `max` */
export function checkInteger(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new ArgumentError(`${name} is ${String(value)}`, `Use a whole number from ${min} to ${max}.`)
}

export function checkBoolean(name: string, value: boolean | undefined): void {
  if (value !== undefined && typeof value !== 'boolean') {
    throw new ArgumentError(`${name} is neither true nor false`, 'Use true or false, or leave it out.')
  }
}

export function checkObject(name: string, value: unknown, remedy: string): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ArgumentError(`${name} is not an object`, remedy)
  }
}

export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw new ArgumentError(
      'signal is not an AbortSignal',
      'Pass AbortSignal.timeout(ms) or controller.signal.',
    )
  }
}

function checkMeta(meta: Record<string, string>): void {
  checkObject('meta', meta, "Pass { traceparent: '…' } or the like.")
  const entries = Object.entries(meta)
  const fits = ([key, value]: [string, unknown]) =>
    key.length > 0 &&
    key !== '__proto__' &&
    key.length <= limits.metaCharsMax &&
    typeof value === 'string' &&
    value.length <= limits.metaCharsMax
  if (entries.length > limits.metaEntriesMax || !entries.every(fits)) {
    throw new ArgumentError(
      'meta is not a small map of strings',
      `Use at most ${limits.metaEntriesMax} entries with keys and values of at most ${limits.metaCharsMax} characters.`,
    )
  }
}
