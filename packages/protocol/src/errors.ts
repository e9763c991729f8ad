import type { CloseCodeName, ResetCode } from './codes.ts'

/**
 * What became of a message that was not handled, or of a request whose reply the caller no longer waits for.
 *
 * - `'not-sent'`: it never left; it may be sent again without any risk of being handled twice.
 * - `'received'`: the peer's session has it. Its handler is not known to have finished; of a request, that was
 *   acknowledged and then given up, it has.
 * - `'unknown'`: it left, and nothing more is known.
 */
export type Fate = 'not-sent' | 'received' | 'unknown'

/** Every `code` that an error of lastword carries. Recognise errors by it, not by `instanceof`. */
export type ErrorCode =
  | 'argument-invalid'
  | 'delivery-failed'
  | 'remote-error'
  | 'payload-invalid'
  | 'payload-too-large'
  | 'queue-full'
  | 'session-closed'
  | 'protocol-violated'
  | 'handshake-failed'
  | 'handler-failed'
  | 'journal-failed'
  | 'journal-lost'
  | 'journal-exists'
  | 'journal-full'
  | 'journal-blocked'
  | 'journal-unavailable'
  | 'journal-corrupt'
  | 'journal-incompatible'

export interface ErrorDetails {
  /** The session in which it happened. Never its key. */
  sessionId?: string | undefined
  /** What the caller can do about it. */
  remedy?: string | undefined
  cause?: unknown
}

/** The base of every error that lastword throws, rejects with or reports. */
export class LastwordError extends Error {
  readonly code: ErrorCode
  readonly sessionId: string | undefined
  readonly remedy: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'LastwordError'
    this.code = code
    this.sessionId = details.sessionId
    this.remedy = details.remedy
  }
}

/** A wrong argument, thrown at the call. */
export class ArgumentError extends LastwordError {
  constructor(message: string, remedy: string) {
    super('argument-invalid', message, { remedy })
    this.name = 'ArgumentError'
  }
}

/** A message was not handled, or a request was given up before its reply came; `fate` says how far it is known to have come. */
export class DeliveryError extends LastwordError {
  readonly fate: Fate
  readonly messageId: string

  /** `what` was not done with it. */
  constructor(
    fate: Fate,
    messageId: string,
    why: string,
    details: ErrorDetails = {},
    what: 'handled' | 'answered' = 'handled',
  ) {
    super('delivery-failed', `message ${messageId} was not ${what} (${fate}): ${why}`, {
      remedy: remedyOf(fate),
      ...details,
    })
    this.name = 'DeliveryError'
    this.fate = fate
    this.messageId = messageId
  }
}

/** The peer's answer to a request was an error. `remoteCode` is the peer's word; `'no-handler'` and `'handler-failed'` are lastword's. */
export class RemoteError extends LastwordError {
  readonly remoteCode: string

  constructor(remoteCode: string, message: string, details: ErrorDetails = {}) {
    super('remote-error', message, details)
    this.name = 'RemoteError'
    this.remoteCode = remoteCode
  }
}

/** One thing that a schema found wrong, as Standard Schema reports it. */
export interface PayloadIssue {
  message: string
  path?: ReadonlyArray<PropertyKey | { readonly key: PropertyKey }> | undefined
}

/** A payload does not fit the contract's schema; nothing was sent, or the handler was not called. */
export class PayloadError extends LastwordError {
  readonly issues: ReadonlyArray<PayloadIssue>

  constructor(name: string, issues: ReadonlyArray<PayloadIssue>, details: ErrorDetails = {}) {
    super('payload-invalid', `the payload of "${name}" does not fit its schema: ${summaryOf(issues)}`, {
      remedy: 'Send what the contract describes, or change the contract on both sides.',
      ...details,
    })
    this.name = 'PayloadError'
    this.issues = issues
  }
}

/** The sender's own cap on what waits is reached. Nothing was sent. */
export class QueueFullError extends LastwordError {
  constructor(queuedBytes: number, queuedBytesMax: number, details: ErrorDetails = {}) {
    super('queue-full', `${queuedBytes} bytes wait already and ${queuedBytesMax} may`, {
      remedy: "Wait for session.ready before sending more, raise queuedBytesMax, or set onFull to 'wait'.",
      ...details,
    })
    this.name = 'QueueFullError'
  }
}

/** The session takes no more messages, or ended before a reply came. */
export class SessionClosedError extends LastwordError {
  constructor(message: string, details: ErrorDetails = {}) {
    super('session-closed', message, { remedy: 'Open a new session with connect().', ...details })
    this.name = 'SessionClosedError'
  }
}

/** One side broke the protocol. `by` says which; `wireCode` is the close code's or the reset's name. */
export class ProtocolError extends LastwordError {
  readonly wireCode: CloseCodeName | ResetCode
  readonly by: 'local' | 'peer'

  constructor(
    wireCode: CloseCodeName | ResetCode,
    by: 'local' | 'peer',
    message: string,
    details: ErrorDetails = {},
  ) {
    super('protocol-violated', `${message} (${wireCode})`, details)
    this.name = 'ProtocolError'
    this.wireCode = wireCode
    this.by = by
  }
}

/** Why no session could be opened over a connection. */
export type HandshakeFailure =
  /** No connection: refused, not reachable, name not found, timed out. */
  | 'unreachable'
  /** The server's certificate is not trusted, has expired, or is for another name. */
  | 'certificate'
  /** The server answered the upgrade request with an HTTP status. */
  | 'upgrade-refused'
  /** A WebSocket server that does not speak lastword. */
  | 'subprotocol-refused'
  /** The browser does not say which of these it was. */
  | 'not-opened'
  /** The connection was made, and the server never said `welcome`. */
  | 'no-welcome'

/** A session could not be opened. `reason` says why; the session tries again unless its reconnect policy says that it is of no use. */
export class HandshakeError extends LastwordError {
  readonly reason: HandshakeFailure
  readonly httpStatus: number | undefined

  constructor(
    reason: HandshakeFailure,
    message: string,
    details: ErrorDetails & { httpStatus?: number | undefined } = {},
  ) {
    super('handshake-failed', message, details)
    this.name = 'HandshakeError'
    this.reason = reason
    this.httpStatus = details.httpStatus
  }
}

function remedyOf(fate: Fate): string {
  if (fate === 'not-sent') return 'It never left: send it again in another session.'
  return 'It may have been handled: if you send it again, keep its id so that the receiver can tell.'
}

function summaryOf(issues: ReadonlyArray<PayloadIssue>): string {
  const first = issues.slice(0, 3).map((issue) => {
    const path = issue.path?.map((part) => String(typeof part === 'object' ? part.key : part)).join('.')
    return path ? `${path}: ${issue.message}` : issue.message
  })
  const more = issues.length - first.length
  return first.join('; ') + (more > 0 ? `; and ${more} more` : '')
}

/** What a journal can fail with. */
export type JournalErrorCode = Extract<ErrorCode, `journal-${string}`>

/**
 * A journal could not do what was asked of it. `journal-lost`: somebody else holds the session now; `journal-exists`:
 * there is a session with this id already; `journal-failed`: the store failed, as `cause` says. A page's IndexedDB says
 * more: `journal-full`: there is no room left; `journal-blocked`: it does not open, for another page is in the way or the
 * browser does not answer; `journal-unavailable`: there is none here, or the browser has closed it; `journal-corrupt`: a
 * session cannot be read; `journal-incompatible`: another version, or something else, has made what is there.
 */
export class JournalError extends LastwordError {
  constructor(code: JournalErrorCode, message: string, details: ErrorDetails = {}) {
    super(code, message, details)
    this.name = 'JournalError'
  }
}
