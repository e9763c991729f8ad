export {
  ArgumentError,
  type CloseReport,
  type Contract,
  contract,
  DeliveryError,
  type ErrorCode,
  type Fate,
  HandshakeError,
  type HandshakeFailure,
  type Json,
  LastwordError,
  type MessageContract,
  PayloadError,
  ProtocolError,
  QueueFullError,
  RemoteError,
  SessionClosedError,
  type Window,
} from '@lastword/protocol'
export type {
  CloseOptions,
  HandlerResult,
  IncomingMessage,
  SendOptions,
  Session,
  SessionEvents,
  SessionOptions,
  SessionState,
  TraceEvent,
  TraceOptions,
} from '@lastword/session'
export type { ConnectOptions } from './connect-options.ts'
export {
  type BackoffOptions,
  backoff,
  type ReconnectContext,
  type ReconnectPolicy,
} from './reconnect-policy.ts'
