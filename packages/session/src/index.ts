/**
 * The application's side of a session: promises, handlers and iteration over the protocol machine, run on any link.
 * The SDK and the server adapter are made of it; applications get `Session` from them.
 *
 * @packageDocumentation
 */
export { Alarms } from './alarms.ts'
export {
  checkBoolean,
  checkFunction,
  checkInteger,
  checkObject,
  checkOptionNames,
  checkSessionOptions,
  checkSignal,
  sessionOptionNames,
} from './argument-checks.ts'
export { atMost } from './at-most.ts'
export type { ClosedLink } from './bound-link.ts'
export { Emitter } from './emitter.ts'
export { frameBytesGoal } from './frame-bytes-goal.ts'
export type { IncomingMessage } from './incoming-message.ts'
export type { ClaimedSession, ClaimOptions, Journal, SessionJournal, SessionRecord } from './journal.ts'
export type { KeptSession } from './journal-writer.ts'
export { type LostMessage, type LostSession, lostSession, type ResentMessage } from './lost-session.ts'
export { memoryJournal } from './memory-journal.ts'
export { requestNeverLeft } from './never-left.ts'
export { type Platform, platform } from './platform.ts'
export type { RestoredMessage } from './restored-messages.ts'
export { type HandlerResult, Session } from './session.ts'
export { SessionCore } from './session-core.ts'
export { asJournalError } from './session-keeping.ts'
export type { CoreConfig, SessionOwner } from './session-owner.ts'
export type { SessionStats } from './session-stats.ts'
export type {
  CloseOptions,
  LeaveOptions,
  SendOptions,
  SessionEvents,
  SessionOptions,
  SessionState,
} from './session-types.ts'
export type { WritableMessage } from './streams.ts'
export type { TracedEnvelope, TraceEvent, TraceOptions } from './trace.ts'
