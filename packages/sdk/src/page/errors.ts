import type * as protocol from '@lastword/protocol'

/**
 * The errors of `@lastword/protocol` in a few bytes: the same names, codes and fields, and one constructor for all of
 * them. Applications get errors, and make none but `RemoteError`. What to do about one stands in its message.
 */
interface ErrorKind<E, Head extends unknown[] = []> {
  new (...parameters: [...Head, message: string, fields?: Partial<E>]): E
  readonly prototype: E
}

/** The base of every error that lastword throws, rejects with or reports. */
export type LastwordError = protocol.LastwordError
export const LastwordError = class extends Error {
  constructor(code: string, message: string, fields?: object) {
    super(message)
    Object.assign(this, { name: 'LastwordError', code }, fields)
  }
} as unknown as ErrorKind<protocol.LastwordError, [code: protocol.ErrorCode]>

/** The peer's answer to a request was an error; thrown by a handler, it is the answer. */
export type RemoteError = protocol.RemoteError
export const RemoteError = class extends LastwordError {
  constructor(remoteCode: string, message: string, fields?: object) {
    super('remote-error', message, { name: 'RemoteError', remoteCode, ...fields } as object)
  }
} as unknown as ErrorKind<protocol.RemoteError, [remoteCode: string]>

const kind = <E>(name: string, code: protocol.ErrorCode) =>
  class extends LastwordError {
    constructor(message: string, fields?: object) {
      super(code, message, { name, ...fields } as object)
    }
  } as unknown as ErrorKind<E>

/** A wrong argument, thrown at the call, or what a message cannot carry. */
export type ArgumentError = protocol.ArgumentError
export const ArgumentError = kind<protocol.ArgumentError>('ArgumentError', 'argument-invalid')

/** A message was not handled, or a request was given up before its reply came; `fate` says how far it came. */
export type DeliveryError = protocol.DeliveryError
export const DeliveryError = kind<protocol.DeliveryError>('DeliveryError', 'delivery-failed')

/** A payload does not fit the contract's schema; nothing was sent, or the handler was not called. */
export type PayloadError = protocol.PayloadError
export const PayloadError = kind<protocol.PayloadError>('PayloadError', 'payload-invalid')

/** The sender's own cap on what waits is reached. Nothing was sent. */
export type QueueFullError = protocol.QueueFullError
export const QueueFullError = kind<protocol.QueueFullError>('QueueFullError', 'queue-full')

/** The session ended, or the peer closed it, before a reply came. */
export type SessionClosedError = protocol.SessionClosedError
export const SessionClosedError = kind<protocol.SessionClosedError>('SessionClosedError', 'session-closed')

/** One side broke the protocol. `by` says which; `wireCode` is the close code's or the reset's name. */
export type ProtocolError = protocol.ProtocolError
export const ProtocolError = kind<protocol.ProtocolError>('ProtocolError', 'protocol-violated')

/** A session could not be opened. `reason` says why; the session tries again unless its policy gives up. */
export type HandshakeError = protocol.HandshakeError
export const HandshakeError = kind<protocol.HandshakeError>('HandshakeError', 'handshake-failed')
