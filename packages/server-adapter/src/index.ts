/**
 * lastword on the WebSocket server that you already have.
 *
 * @packageDocumentation
 */
export {
  ArgumentError,
  type CloseReport,
  type Contract,
  contract,
  DeliveryError,
  type ErrorCode,
  type Fate,
  JournalError,
  type JournaledMessage,
  type JournalSnapshot,
  type JournalState,
  type JournalWrite,
  type Json,
  LastwordError,
  type MessageContract,
  PayloadError,
  ProtocolError,
  QueueFullError,
  RemoteError,
  SessionClosedError,
  type Traffic,
  type Window,
} from '@lastword/protocol'
export type {
  ClaimedSession,
  ClaimOptions,
  CloseOptions,
  HandlerResult,
  IncomingMessage,
  Journal,
  LeaveOptions,
  RestoredMessage,
  SendOptions,
  Session,
  SessionEvents,
  SessionJournal,
  SessionOptions,
  SessionRecord,
  SessionState,
  SessionStats,
  TraceEvent,
  TraceOptions,
  WritableMessage,
} from '@lastword/session'
export { type TraceFile, type TraceToFileOptions, traceToFile } from '@lastword/session/trace-file'
export type { CloseAfterPongOptions, CloseAfterPongReport } from '@lastword/transport'
export {
  Adapter,
  type AdapterEvents,
  type ConnectionHandler,
  createAdapter,
  type RefusedLink,
  type SessionContext,
} from './adapter.ts'
export type { AdapterOptions, AuthenticateContext } from './adapter-options.ts'
export type { AdapterStats } from './adapter-stats.ts'
export { closeAfterPong } from './close-after-pong.ts'
export type { ShutdownReport } from './leave-taking.ts'
