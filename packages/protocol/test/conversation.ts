import { readFileSync } from 'node:fs'
import type { CloseCodeName, ResetCode } from '../src/codes.ts'
import type { Envelope, Json, RemoteErrorBody, Window } from '../src/envelope.ts'
import type { Fate } from '../src/errors.ts'
import type { CloseReport } from '../src/report.ts'

export type Side = 'client' | 'server'

/** What one side is made with. Times are milliseconds, sizes bytes. */
export interface SideConfig {
  sid: string
  key: string
  window: Window
  maxBytes: number
  keepaliveMs: number
  ttlMs: number
  welcomeTimeoutMs: number
}

/** A frame: a text frame's envelopes, a binary frame's header and payload, or a text that no codec takes. */
export type FrameJson =
  | Envelope[]
  | { header: Envelope; payloadHex: string }
  | { text: string }
  /** A text frame with a bare `msg` for each number from `from` to `to`: `seq` n, `id` `m-n`. */
  | { messages: { from: number; to: number } }

/** What happens to one side. */
export type Input =
  /** Client: a link is being opened; with `early` the first frame is made now, to travel in the upgrade request. */
  | { type: 'link-start'; link: number; early?: true }
  | { type: 'link-open'; link: number }
  /** The link is over. `code` is that of the peer's close frame; 1006 and not clean when there was none. */
  | { type: 'link-end'; link: number; code: number; clean: boolean; neverLeft?: true }
  | { type: 'frame'; link: number; frame: FrameJson }
  | ({ type: 'send'; id: string } & Content & {
        re?: string
        ask?: true
        err?: RemoteErrorBody
        meta?: Record<string, string>
      })
  /** The application takes a message back. */
  | { type: 'drop'; id: string }
  | ({ type: 'note' } & Content)
  | { type: 'cancel'; re: string }
  | { type: 'handled'; seq: number }
  | { type: 'close'; timeoutMs: number }
  | { type: 'fin'; code?: number; reason?: string }
  | { type: 'abort'; code: ResetCode; reason: string }
  | { type: 'away'; after: number }
  /** A deadline is due now. */
  | { type: 'time' }

export interface Content {
  name?: string
  data?: Json
  payloadHex?: string
}

/** What one side hands to a link. A `reason` of a close, and of a `reset` where it is not given, is free. */
export type Out = { link: number; frame: FrameJson; early?: true } | { link: number; close: number }

/** What one side tells its application. */
export type Event =
  | { event: 'attached'; link: number; resumed: boolean }
  | { event: 'recovered'; link: number }
  | { event: 'detached'; link: number; code: number }
  | { event: 'message'; seq: number; id: string }
  /** Stands for one `message` event for each number from `from` to `to`, with the id `m-n`. */
  | { event: 'messages'; from: number; to: number }
  | { event: 'note'; name?: string; data?: Json; payloadHex?: string }
  | { event: 'cancel'; re: string }
  | { event: 'handled'; ids: string[] }
  | { event: 'failed'; messages: { id: string; fate: Fate }[] }
  | { event: 'peer-fin'; code?: number; reason?: string }
  | { event: 'away'; after: number }
  | { event: 'move-refused'; link: number; code: string }
  | { event: 'fault'; by: 'local' | 'peer'; code: CloseCodeName }
  | { event: 'ended'; report: Omit<CloseReport, 'reason' | 'incoming'> & { incoming: IncomingReport } }
  | { event: 'released' }

export interface IncomingReport {
  handledTotal: number
  /** Ids; or `m-n` for each number from `from` to `to`. */
  unhandled: string[] | { from: number; to: number }
}

/** One turn of one side: what goes in, in order, then what has come out. */
export interface Step {
  side: Side
  /** Milliseconds since the conversation began. */
  now: number
  inputs: Input[]
  out: Out[]
  events: Event[]
}

export interface Conversation {
  name: string
  description: string
  /** The clauses of `PROTOCOL.md` that it shows. */
  rules: string[]
  /** Both: each is the other's peer. One: what comes from its peer stands in the steps alone. */
  sides: Side[]
  /** What differs from the file's `config`. */
  config?: Partial<Record<Side, Partial<SideConfig>>>
  steps: Step[]
}

interface ConversationFile {
  config: Record<Side, SideConfig>
  conversations: Conversation[]
}

const file: ConversationFile = JSON.parse(
  readFileSync(new URL('../vectors/conversations.json', import.meta.url), 'utf8'),
  (_, value) => (typeof value === 'string' ? inFull(value) : value),
)

export const conversations = file.conversations

export function configOf(conversation: Conversation, side: Side): SideConfig {
  return { ...file.config[side], ...conversation.config?.[side] }
}

/** The conversation with this name. Throws if there is none. */
export function conversationNamed(name: string): Conversation {
  const found = conversations.find((conversation) => conversation.name === name)
  if (found === undefined) throw new Error(`conversations.json has no conversation "${name}"`)
  return found
}

/** `@x70000` stands for 70,000 times the letter x. */
function inFull(text: string): string {
  const times = /^@x(\d+)$/.exec(text)?.[1]
  return times === undefined ? text : 'x'.repeat(Number(times))
}
