import type { CloseCodeName } from '../codes.ts'
import type {
  AwayEnvelope,
  CancelEnvelope,
  FinEnvelope,
  Frame,
  MsgEnvelope,
  NoteEnvelope,
} from '../envelope.ts'
import type { Fate } from '../errors.ts'
import type { CloseReport } from '../report.ts'
import type { LinkId } from '../session-io.ts'
import type { ClientMessage } from './client-message.ts'

/**
 * What a client's machine asks for or reports, as functions without a `this`. It calls none of them by itself: what has
 * come out waits, in order, for `carryOut()`.
 */
export interface ClientEvents<Tag> {
  /** The session is attached to a link. */
  attached(link: LinkId, resumed: boolean): void
  /** The session has lost its link, and is not over. */
  detached(link: LinkId, code: number, reason: string): void
  /** A message, in order, once per session. To be answered by `handled`. */
  message(envelope: MsgEnvelope, payload: Uint8Array | undefined): void
  note(envelope: NoteEnvelope, payload: Uint8Array | undefined): void
  /** The server no longer wants the reply to its request with this id. */
  cancel(envelope: CancelEnvelope): void
  /** The server will send no more. */
  peerFin(envelope: FinEnvelope): void
  /** The server asks to resume on another link. */
  away(envelope: AwayEnvelope): void
  /** The server has handled this message. */
  handled(message: ClientMessage<Tag>): void
  /** This message will never be handled. `tooLarge`: the server does not take it. */
  failed(message: ClientMessage<Tag>, fate: Fate, why: string, tooLarge: boolean): void
  /** End this link: hand over `last` first if it is there, then close with this code. */
  closeLink(link: LinkId, code: number, reason: string, last: Frame | undefined): void
  /** One side broke the protocol on a link. The session goes on unless `ended` follows. */
  fault(by: 'local' | 'peer', code: CloseCodeName, message: string): void
  /** The session is over. */
  ended(report: CloseReport): void
  /** Nothing of the session is needed any more. */
  released(): void
}
