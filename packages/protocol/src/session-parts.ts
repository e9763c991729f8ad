import { Counters } from './counters.ts'
import { Deadlines } from './deadlines.ts'
import type { Window } from './envelope.ts'
import type { Fate } from './errors.ts'
import { FrameFiller } from './frame-filler.ts'
import { Inbox } from './inbox.ts'
import { JournalClock, noJournal } from './journal-clock.ts'
import type { Keepalive } from './keepalive.ts'
import { defaults, limits } from './limits.ts'
import { Outbox } from './outbox.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import type { SessionConfig, SessionOutput } from './session-io.ts'

/** What the parts of one session machine share: both directions, the timers, what has come out, how far it has come. */
export class SessionParts<Tag> {
  readonly config: SessionConfig
  readonly clock: JournalClock
  readonly counters: Counters
  readonly deadlines = new Deadlines()
  readonly inbox: Inbox
  readonly outbox: Outbox<Tag>
  readonly filler: FrameFiller<Tag>
  phase: 'open' | 'closing' | 'ended' = 'open'
  /** True once a `welcome` has been received (client) or a `hello` accepted (server). */
  welcomed = false
  /** Server: the write that has it that the client, as it has said on its latest link, will not come back. */
  goneWrite: number | undefined
  /** The server's values hold for both. */
  ttlMs: number
  keepaliveMs: number
  /** Faults since a message was last handled, of whichever side. */
  faultsInARow = 0
  /** Made with the first question. */
  keepalive: Keepalive<Tag> | undefined
  #outputs: SessionOutput<Tag>[] | undefined

  constructor(config: SessionConfig) {
    this.config = config
    this.ttlMs = config.ttlMs
    this.keepaliveMs = config.keepaliveMs
    this.clock = config.journaled ? new JournalClock() : noJournal
    this.inbox = new Inbox(config.window, initialWindow, config.maxBytes, this.clock)
    // How large a message the peer takes is known with its greeting; the filler holds larger ones back until then.
    this.outbox = new Outbox<Tag>(initialWindow, Number.POSITIVE_INFINITY, this.clock)
    this.counters = new Counters(config.total)
    const { frameBytesGoal = limits.batchBytesMax } = config
    this.filler = new FrameFiller(this.outbox, this.inbox, this.counters, frameBytesGoal)
  }

  /** Server: true if the client will not come back, and the journal knows it. */
  get peerGone(): boolean {
    return this.goneWrite !== undefined && this.clock.holds(this.goneWrite)
  }

  get ended(): boolean {
    return this.phase === 'ended'
  }

  emit(output: SessionOutput<Tag>): void {
    this.#outputs ??= []
    this.#outputs.push(output)
  }

  /** These messages will never be handled. */
  fail(messages: Array<{ message: OutgoingMessage<Tag>; fate: Fate }>, why: string, tooLarge = false): void {
    if (messages.length > 0) this.emit({ type: 'failed', messages, why, tooLarge })
  }

  takeOutputs(): SessionOutput<Tag>[] {
    const outputs = this.#outputs
    if (outputs === undefined) return []
    this.#outputs = undefined
    return outputs
  }
}

/** What a side takes that has not said yet. */
export const initialWindow: Window = { messages: defaults.windowMessages, bytes: defaults.windowBytes }
