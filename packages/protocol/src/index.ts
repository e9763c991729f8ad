/**
 * The lastword protocol: envelopes, codec and the session machine, for both roles.
 *
 * No I/O, no clock, no randomness: frames and the time go in, frames and events come out. The compiler and the linter
 * prove it.
 *
 * @packageDocumentation
 */
export { asResetCode, type CloseCodeName, closeCodes, type ResetCode, resetCodes } from './codes.ts'
export {
  type AnyContract,
  type Contract,
  contract,
  type MessageContract,
  type NameOf,
  type PayloadInput,
  type PayloadOutput,
  type ReplyInput,
  type ReplyOutput,
  type RequestNameOf,
  type Validation,
  validate,
} from './contract.ts'
export { Counters, type Traffic } from './counters.ts'
export { type DecodeLimits, decodeFrame } from './decode.ts'
export { decodeEarly, earlyPrefix, encodeEarly, subprotocol } from './early.ts'
export { encodeBinaryFrame, encodeMessage, encodeNote, type MessageParts } from './encode.ts'
export * from './envelope.ts'
export * from './errors.ts'
export { noteBytesMax } from './frame-filler.ts'
export { idPattern, isId, sidPattern } from './ids.ts'
export type { JournaledMessage, JournalSnapshot, JournalState, JournalWrite } from './journal.ts'
export { defaults, limits } from './limits.ts'
export type { OutgoingMessage } from './outgoing-message.ts'
export { payloadText } from './payload-text.ts'
export { PeerFault } from './peer-fault.ts'
export type { CloseReport } from './report.ts'
export { SeqRing } from './seq-ring.ts'
export type { LinkId, SessionConfig, SessionInput, SessionOutput } from './session-io.ts'
export { SessionMachine } from './session-machine.ts'
export { utf8Length } from './utf8.ts'
export { wholeFrame } from './whole-frame.ts'
