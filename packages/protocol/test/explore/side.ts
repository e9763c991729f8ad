import type { MsgEnvelope } from '../../src/envelope.ts'
import type { Fate } from '../../src/errors.ts'
import type { CloseReport } from '../../src/report.ts'
import type { SessionConfig } from '../../src/session-io.ts'
import { SessionMachine } from '../../src/session-machine.ts'
import type { Plan } from './plan.ts'

export type Role = 'client' | 'server'

/** The truth about one message of a side, which its machine cannot see. */
export interface Sent {
  readonly id: string
  readonly ask: boolean
  readonly bytes: number
  /** It was in a frame that came out of the machine. */
  polled: boolean
  /** It was in a frame that was put on the network. */
  transmitted: boolean
  fate: 'handled' | Fate | undefined
}

/** The truth about one message of the peer, at its receiver. */
export interface Given {
  readonly id: string
  readonly seq: number
  readonly ask: boolean
  finished: boolean
}

/**
 * One side: the real machine, what its application has done, and the truth about its messages. It depends on nothing
 * else, so that the same step in the same state always comes to the same.
 */
export class Side {
  readonly machine: SessionMachine<number>
  /** Each side has a clock of its own: it stands still until one of its deadlines passes. */
  now = 0
  readonly sent: Sent[] = []
  /** In the order in which they were given out, which is the order in which the peer sent them. */
  readonly given: Given[] = []
  /** How many of the planned messages were sent. */
  planned = 0
  cancelled = false
  closed = false
  finSaid = false
  aborted = false
  peerFin = false
  attachedOnce = false
  released = false
  /** It was released because its time had passed. */
  releasedInTime = false
  /** Client: links that were started. */
  links = 0
  /** Links that are open here and not being closed. */
  openLinks: number[] = []
  /** The number of the journal's write that is under way; 0 for none. */
  writing = 0
  report: CloseReport | undefined
  handledTotal = 0
  /** Ids acknowledged since this side began to close. */
  handledWhileClosing: string[] | undefined
  /** What was failed in the step that is being taken. */
  failed: Array<{ id: string; fate: Fate }> = []

  constructor(
    readonly role: Role,
    plan: Plan,
  ) {
    this.machine = new SessionMachine<number>(configOf(role, plan))
  }

  get unanswered(): boolean {
    return this.given.some((given) => given.ask && !given.finished)
  }
}

/** Text of the payload of message `index`: its place in the order of its sender. */
export function payloadText(index: number): string {
  return `${index}`
}

/** The place of a message in the order of its sender, as its payload says. */
export function indexIn(envelope: MsgEnvelope, payload: Uint8Array | undefined): unknown {
  return payload === undefined ? envelope.d : payload[0]
}

function configOf(role: Role, plan: Plan): SessionConfig {
  return Object.freeze({
    role,
    journaled: plan.journaled === true,
    sid: 'the-session-explored',
    key: 'the-key-of-the-session',
    window: Object.freeze({ messages: plan[role].windowMessages, bytes: 4 * 1024 * 1024 }),
    maxBytes: 1024 * 1024,
    keepaliveMs: 1_000,
    ttlMs: plan.shortTtl ? 500 : 1_000_000,
    welcomeTimeoutMs: 10_000,
  })
}
