export {
  ArgumentError,
  contract,
  DeliveryError,
  HandshakeError,
  JournalError,
  LastwordError,
  PayloadError,
  ProtocolError,
  QueueFullError,
  RemoteError,
  SessionClosedError,
} from '@lastword/protocol'
export type { ConnectOptions } from './connect-options.ts'
export type * from './public-types.ts'
export { backoff } from './reconnect-policy.ts'
