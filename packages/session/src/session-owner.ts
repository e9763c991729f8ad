import type { CloseReport, LastwordError, LinkId, SessionConfig } from '@lastword/protocol'
import type { LinkEnd } from '@lastword/transport'
import type { ClosedLink } from './bound-link.ts'
import type { LostMessage } from './lost-session.ts'
import type { SessionState } from './session-types.ts'

/** What the owner of a session (the SDK, the adapter) is told. */
export interface SessionOwner {
  /** A link is over; a client opens another one if `core.wantsLink`. `closed`: what this side closed it with, if it did. */
  onLinkEnd(link: LinkId, end: LinkEnd, closed: ClosedLink | undefined): void
  onAttached?(): void
  /** The session has lost its link, which may not be over yet. */
  onDetached?(): void
  /** Client: the server asks to go to another link, before it ends this one in `afterMs` ms. */
  onAway?(afterMs: number, location: string | undefined): void
  /** Client: another server does not let the session in; it stays where it is. */
  onMoveRefused?(): void
  /** The session is over because one side does not have it any more. `messages`: what nobody has acknowledged. */
  onLost?(report: CloseReport, messages: LostMessage[]): Promise<unknown>
  onState?(state: SessionState): void
  /** The session is over. Called right before its application is told. */
  onClosed?(report: CloseReport): void
  /** Why no link has been attached, as far as it is known. */
  whyNotOpened?(): LastwordError | undefined
  /** Nothing of the session is needed any more. */
  onReleased(): void
}

/** What a session is made with, besides its options. */
export interface CoreConfig extends SessionConfig {
  /** What message ids begin with: drawn once for each session and side. */
  idPrefix: string
}
