import type { CloseCodeName, ResetCode } from './codes.ts'
import type { Counters } from './counters.ts'
import type {
  DecodedFrame,
  Frame,
  HelloEnvelope,
  Json,
  MsgEnvelope,
  NoteEnvelope,
  Window,
} from './envelope.ts'
import type { Fate } from './errors.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import type { CloseReport } from './report.ts'

/** Names a link towards the machine. The driver gives each link another number. */
export type LinkId = number

/** Everything that can happen to a session. */
export type SessionInput<Tag> =
  /**
   * Client: a link is being opened. The first frame may be polled now, to travel with the upgrade request. While the
   * session is attached to another link it stays there until `welcome` comes on this one.
   */
  | { type: 'link-start'; link: LinkId; auth?: Json | undefined }
  /** Client: the link's handshake is done. `early`: `hello` went with it, so that its answer may be under way already. */
  | { type: 'link-open'; link: LinkId; early?: boolean }
  /** Server: a link has said `hello` for this session, with the right key, and may have it. */
  | { type: 'link-accept'; link: LinkId; hello: HelloEnvelope }
  /** A frame came. `bytes` is its length on the wire, or a lower bound of it. */
  | { type: 'frame'; link: LinkId; frame: Frame; bytes: number }
  /** What came in the same frame as `hello`. */
  | { type: 'decoded'; link: LinkId; decoded: DecodedFrame; bytes: number }
  /** A link is over, and everything that arrived on it was given in before. `neverLeft`: nothing of what was polled for it left this side. */
  | { type: 'link-end'; link: LinkId; code: number; reason: string; clean: boolean; neverLeft: boolean }
  /** The application sends a message. */
  | { type: 'send'; message: OutgoingMessage<Tag> }
  /** The application takes a message back; nothing happens if it has been transmitted. */
  | { type: 'drop'; message: OutgoingMessage<Tag> }
  /** A note: its envelope's text, and its payload if that is binary. */
  | { type: 'note'; text: string; payload?: Uint8Array | undefined }
  /** The application no longer wants the reply to the request with this id. */
  | { type: 'cancel'; re: string }
  /** The application has finished with the message that has this sequence number. */
  | { type: 'handled'; seq: number }
  /** The application has begun to close. `timeoutMs`: how long both sides may take to finish. */
  | { type: 'close'; timeoutMs: number }
  /** Nothing more will be sent: `fin` goes behind what is queued. */
  | { type: 'fin'; code?: number | undefined; reason?: string | undefined }
  /** The session is given up. */
  | { type: 'abort'; code: ResetCode; reason: string }
  /**
   * Somebody else has the journal's session now, or the journal has failed: the session ends here, its end is not
   * written, and what was accepted may still be sent from the journal. `silent`: it goes on elsewhere, so that the peer
   * is told nothing and only loses its link.
   */
  | { type: 'let-go'; code: ResetCode; reason: string; silent: boolean }
  /** Server: the link will go; the client is asked to come back on another one. */
  | { type: 'away'; after: number; reason?: string | undefined; location?: string | undefined }
  /** The journal's write with this number, and every one before it, would survive. */
  | { type: 'journaled'; write: number }
  /**
   * Client: the journal has failed, and the session goes on without it: nothing waits for it any more, and nothing of the
   * session outlives the process. `mayStand`: the journal could not be made to forget the session, so that somebody may
   * take up what it holds: the session leaves its link for one by whose number the server refuses them.
   */
  | { type: 'unjournaled'; mayStand: boolean }
  /** Time has passed; `nextTimeout()` may be due. */
  | { type: 'timeout' }

/** Everything that a session asks for or reports. */
export type SessionOutput<Tag> =
  /** The session is attached to a link: `welcome` was received (client) or will be sent (server). */
  | { type: 'attached'; link: LinkId; resumed: boolean }
  /**
   * Server: something that was sent on the link of a resumed session has been answered, so that it carries both ways.
   * A client knows that as soon as it is attached.
   */
  | { type: 'recovered'; link: LinkId }
  /** The session has lost its link, and is not over. */
  | { type: 'detached'; link: LinkId; code: number; reason: string }
  /**
   * A message, in order, once per session. To be answered by a `handled` input. `redelivered`: it may have been handled
   * before, by this side or another one; its `id` is the same.
   */
  | { type: 'message'; envelope: MsgEnvelope; payload: Uint8Array | undefined; redelivered: boolean }
  | { type: 'note'; envelope: NoteEnvelope; payload: Uint8Array | undefined }
  /** The peer no longer wants the reply to its request with this id. */
  | { type: 'cancel'; re: string }
  /** The peer has handled these, in the order of their sequence numbers. */
  | { type: 'handled'; messages: OutgoingMessage<Tag>[] }
  /** These will never be handled. */
  | {
      type: 'failed'
      messages: Array<{ message: OutgoingMessage<Tag>; fate: Fate }>
      why: string
      tooLarge: boolean
    }
  /** The peer will send no more. Everything that it sent before was given out before. */
  | { type: 'peer-fin'; code: number | undefined; reason: string | undefined }
  /** The server asks to resume on another link. */
  | { type: 'away'; after: number; reason: string | undefined; location: string | undefined }
  /** Client: the next link was refused. The session goes on on the link that it has. */
  | { type: 'move-refused'; link: LinkId; code: ResetCode; reason: string }
  /**
   * End this link: hand over `last` first if it is there, then close with this code. `peerDone`: with that the peer has
   * all that it could ask for, so that the end of the connection may follow the close frame at once.
   */
  | {
      type: 'link-close'
      link: LinkId
      code: number
      reason: string
      last: Frame | undefined
      peerDone: boolean
    }
  /** One side broke the protocol on a link. The session goes on unless an `ended` follows. */
  | { type: 'fault'; by: 'local' | 'peer'; code: CloseCodeName; message: string }
  /** The session is over. */
  | { type: 'ended'; report: CloseReport }
  /** Nothing of the session is needed any more: the driver may forget the machine. */
  | { type: 'released' }

/** What a session is made with. */
export interface SessionConfig {
  role: 'client' | 'server'
  sid: string
  key: string
  /** What this side advertises. */
  window: Window
  /** The largest message that this side takes, in bytes. */
  maxBytes: number
  /**
   * Up to how many bytes messages are put together in a frame, if several wait: no more than the protocol's batches may
   * have. A single message may always be longer. @default limits.batchBytesMax
   */
  frameBytesGoal?: number | undefined
  /** After how long a silence to ask whether the peer is there. The server's value holds for both. */
  keepaliveMs: number
  /** How long the server keeps the session without a link. The server's value holds for both. */
  ttlMs: number
  /** Client: how long an open link may take to say `welcome`. */
  welcomeTimeoutMs: number
  /** True if a journal holds the session: what `takeJournalWrite()` gives must be written, and confirmed by `journaled` inputs. @default false */
  journaled?: boolean | undefined
  /** What this session does is counted here too. */
  total?: Counters | undefined
  /** Client: which program this is, for the server's logs. */
  agent?: string | undefined
}
