import {
  type AnyContract,
  ArgumentError,
  type CloseReport,
  limits,
  type NameOf,
  type PayloadInput,
  type PayloadOutput,
  type ReplyInput,
  type ReplyOutput,
  type RequestNameOf,
} from '@lastword/protocol'
import {
  checkCloseOptions,
  checkFunction,
  checkInteger,
  checkName,
  checkObject,
  checkReason,
} from './argument-checks.ts'
import type { Handler } from './dispatcher.ts'
import type { IncomingMessage } from './incoming-message.ts'
import type { NoteHandler } from './notes.ts'
import type { RestoredMessage } from './restored-messages.ts'
import type { SessionCore } from './session-core.ts'
import type { SessionStats } from './session-stats.ts'
import type { CloseOptions, LeaveOptions, SendOptions, SessionEvents, SessionState } from './session-types.ts'
import { readableOver, type WritableMessage, writableOver } from './streams.ts'

/** What a handler returns: the reply, or anything at all where the contract has none. */
export type HandlerResult<C, N> = [ReplyInput<C, N>] extends [void]
  ? unknown
  : ReplyInput<C, N> | Promise<ReplyInput<C, N>>

/** The payload, which may be left out only where the contract lets it be `undefined`, and the options. */
export type PayloadArguments<C, N> =
  undefined extends PayloadInput<C, N>
    ? [payload?: PayloadInput<C, N>, options?: SendOptions]
    : [payload: PayloadInput<C, N>, options?: SendOptions]

/** Engines that have no `await using` yet find the method where compilers look for it. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')

/** For `resend`: the engine behind a session; nothing for anything else. */
export let coreOf: (session: unknown) => SessionCore | undefined

/**
 * One ordered, reliable conversation between a client and a server. It outlives its connections: what is sent while
 * there is none waits, what was in flight is sent again, and each message is delivered once per session.
 */
export class Session<C = AnyContract> {
  readonly #core: SessionCore
  #writable: WritableStream<WritableMessage<C>> | undefined
  #readable: ReadableStream<IncomingMessage> | undefined

  static {
    coreOf = (session) => (session instanceof Session ? session.#core : undefined)
  }

  /** Made by `connect()` and by the adapter. */
  constructor(core: SessionCore) {
    this.#core = core
  }

  /** The session's id, the same on both sides. It is not a secret. */
  get id(): string {
    return this.#core.sid
  }

  get state(): SessionState {
    return this.#core.state
  }

  /**
   * Resolves when the session is attached for the first time. Rejects if it ends before that: on a client with the
   * `HandshakeError` that made it give up.
   */
  get opened(): Promise<void> {
    return this.#core.opened
  }

  /** Resolves when the session is over, however it ended; never rejects. */
  get closed(): Promise<CloseReport> {
    return this.#core.closed
  }

  /** Resolves when there is room for more: less than half of `queuedBytesMax` waits, or the session is over. */
  get ready(): Promise<void> {
    return this.#core.lane.ready()
  }

  /** The session in numbers: messages, frames and bytes both ways, what waits, the round-trip time. Counters, no scan. */
  stats(): SessionStats {
    return this.#core.stats()
  }

  /**
   * Where there is a journal: what was sent before the process ended and is not known to be handled. It is sent on by
   * itself; each `done` says what became of it. Empty for a session that was not restored.
   */
  get restored(): readonly RestoredMessage[] {
    return this.#core.restored
  }

  /**
   * Resolves when the journal holds every message that was accepted so far: they are sent even if the process ends
   * now, once it runs again with that journal. Those that wait for room, by `onFull: 'wait'`, are waited for, which may
   * take until there is a connection. At once if there is no journal. Rejects with a `JournalError` if it
   * failed, also when the session goes on without it.
   */
  stored(): Promise<void> {
    return this.#core.stored()
  }

  /**
   * Sends a message. It waits here while there is no connection or the peer's window is full.
   *
   * Resolves when the peer's handler has finished with it. Rejects with a `DeliveryError` whose `fate` says how far it
   * came, if the session ends first or `signal` is aborted; with a `PayloadError` if it does not fit the contract; with
   * a `LastwordError` of the code `payload-too-large` if it is larger than the peer takes; with
   * a `QueueFullError` if too much waits already, unless `onFull` is `'wait'`. A `Uint8Array` goes as it is, anything else as JSON; it is copied
   * at the call.
   *
   * @throws ArgumentError for a name that the contract does not have, and for options that cannot be used.
   */
  send<N extends NameOf<C>>(name: N, ...rest: PayloadArguments<C, N>): Promise<void>
  send(name: string, payload?: unknown, options?: SendOptions): Promise<void> {
    return this.#core.lane.send(name, payload, false, options) as Promise<void>
  }

  /**
   * Sends a message and resolves with the peer's reply. Rejects as `send` does; with a `RemoteError` if the peer's
   * handler failed or there is none; with a `SessionClosedError` if the peer closed without answering.
   */
  request<N extends RequestNameOf<C>>(name: N, ...rest: PayloadArguments<C, N>): Promise<ReplyOutput<C, N>>
  request(name: string, payload?: unknown, options?: SendOptions): Promise<unknown> {
    return this.#core.lane.send(name, payload, true, options)
  }

  /**
   * Handles messages of one name. The message is acknowledged when the handler has returned, or its promise has
   * settled; what it returns is the reply if the sender asked for one. One that throws fails the request with
   * `handler-failed` (or with the `RemoteError` that it throws), and raises an `error` event here.
   *
   * @returns what takes the handler off again; messages that come after that are kept
   * @throws ArgumentError if the name has a handler already
   */
  handle<N extends NameOf<C>>(
    name: N,
    handler: (
      payload: PayloadOutput<C, N>,
      message: IncomingMessage<PayloadOutput<C, N>>,
    ) => HandlerResult<C, N>,
  ): () => void {
    checkName(name, this.#core.contract)
    checkFunction(`the handler of "${name}"`, handler, 'Pass the name first, then the function.')
    if (!this.#core.dispatcher.addHandler(name, handler as Handler)) {
      throw new ArgumentError(
        `"${name}" has a handler already`,
        'Take the first one off with what handle() returned.',
      )
    }
    return () => this.#core.dispatcher.removeHandler(name, handler as Handler)
  }

  /**
   * Messages that have no handler of their own, in order. Asking for the next one says that the last one is handled;
   * answer a request with `message.reply(…)` before. Ends when the peer has closed and everything was given out.
   *
   * @throws ArgumentError if another loop is reading
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<IncomingMessage> {
    const iterator = this.#core.dispatcher.iterate()
    if (iterator === undefined) {
      throw new ArgumentError('another loop is reading this session', 'Use one loop, or handlers by name.')
    }
    return iterator
  }

  /**
   * A WritableStream of messages (`{ name, payload, id, meta, redelivered }`), for pipes. Each is sent with `send`; the
   * stream takes the next one when there is room (see `ready`), and fails with the first message that does.
   *
   * Closing it waits until everything written is handled, and leaves the session open. Aborting it takes back what has
   * not left. It is one stream until it is closed, aborted or has failed, and another one after that.
   */
  get writable(): WritableStream<WritableMessage<C>> {
    const { lane } = this.#core
    this.#writable ??= writableOver({
      send: ({ name, payload, ...options }, signal) =>
        lane.send(name, payload, false, { ...options, signal }, true),
      ready: () => lane.ready(),
      onOver: () => {
        this.#writable = undefined
      },
    })
    return this.#writable
  }

  /**
   * A ReadableStream of messages that have no handler of their own, like `for await` over the session: pulling the next
   * one, which only reading does, says that the last one is handled. Ends when the peer has closed and everything was
   * given out. Cancelling it says the same, and leaves the rest to handlers, or to another stream.
   *
   * It is one stream until it has ended or is cancelled.
   *
   * @throws ArgumentError if a loop is reading
   */
  get readable(): ReadableStream<IncomingMessage> {
    this.#readable ??= readableOver(this[Symbol.asyncIterator](), () => {
      this.#readable = undefined
    })
    return this.#readable
  }

  /**
   * Sends a note: not retained, not acknowledged, dropped when there is no connection or no room. For what is stale
   * when it is late, such as a cursor's position.
   *
   * @returns false if it was dropped at once
   * @throws ArgumentError if it is larger than a note may be (59 KiB), and PayloadError if it does not fit the contract
   */
  note<N extends NameOf<C>>(name: N, payload?: PayloadInput<C, N>): boolean {
    checkName(name, this.#core.contract)
    return this.#core.notes.send(name, payload)
  }

  /**
   * Calls back for each note of a name; those that come while a slow schema still looks at 64 are dropped. Returns what
   * takes the handler off again.
   */
  onNote<N extends NameOf<C>>(name: N, handler: (payload: PayloadOutput<C, N>) => unknown): () => void {
    checkName(name, this.#core.contract)
    checkFunction(`the handler of "${name}"`, handler, 'Pass the name first, then the function.')
    const { notes } = this.#core
    if (!notes.addHandler(name, handler as NoteHandler)) {
      throw new ArgumentError(`notes of "${name}" have a handler already`, 'Take the first one off.')
    }
    return () => notes.removeHandler(name, handler as NoteHandler)
  }

  on<E extends keyof SessionEvents & string>(
    event: E,
    listener: (value: SessionEvents[E]) => unknown,
  ): () => void {
    checkEvent(event, listener)
    return this.#core.emitter.on(event, listener)
  }

  off<E extends keyof SessionEvents & string>(
    event: E,
    listener: (value: SessionEvents[E]) => unknown,
  ): void {
    checkEvent(event, listener)
    this.#core.emitter.off(event, listener)
  }

  /**
   * Sends no more, and ends the session once both sides have handled everything that the other sent: requests that came
   * before are still answered, and the peer may go on sending until it closes too.
   *
   * Resolves with the report when the session is over and its connection has ended: with `clean: true` only if
   * all that holds. It survives lost connections; `timeoutMs` bounds it. Calling it again waits for the same end.
   * If a connection is just being made, the last acknowledgement goes with it: that is waited for, 5 s at most.
   *
   * A handler may call it and then return its reply, which still goes out. It must not wait for it: the session
   * cannot end before the handler has.
   */
  close(options: CloseOptions = {}): Promise<CloseReport> {
    checkCloseOptions(options)
    return this.#core.close(options)
  }

  /**
   * Ends the session at once; its report is not clean. What was not handled is rejected with its fate. The peer is told
   * the reason, of at most 120 characters.
   */
  abort(reason = ''): void {
    checkReason(reason)
    this.#core.abort('aborted', reason)
  }

  /**
   * Leaves the session to its journal, for the next process that opens it, and lets this one exit: no further message is
   * given to a handler, those that run may finish, everything accepted is written, the journal is free, the connection ends.
   * The peer is told nothing.
   *
   * Resolves when all that is done, and `closed` with the code `superseded`; at once if the session is over. Never
   * rejects; a journal that does not answer is waited for 5 s. What was not settled by then rejects with the fate `unknown` or
   * `received`, since the next process goes on with it (`session.restored`); what still waited for room, or for a schema,
   * is `not-sent`. Calling it again waits for the same end. A handler may call it, but must not wait for it.
   *
   * @throws ArgumentError if the session has no journal, or goes on without the one that it had, and for options that cannot be used
   */
  leave(options: LeaveOptions = {}): Promise<void> {
    checkObject('the options', options, 'Pass { deadlineMs }, or nothing.')
    const { deadlineMs = leaveDeadlineMs } = options
    checkInteger('deadlineMs', deadlineMs, 0, limits.timerMsMax)
    if (!this.#core.kept) {
      throw new ArgumentError(
        'the session has no journal that it could be left to',
        'Use close(), which waits until everything is handled, or abort(), or connect with a journal.',
      )
    }
    return this.#core.leave(deadlineMs)
  }

  /** `await using session = connect(…)` closes it at the end of the block. */
  async [asyncDispose](): Promise<void> {
    await this.close()
  }
}

const leaveDeadlineMs = 10_000

const eventNames: ReadonlySet<string> = new Set<keyof SessionEvents & string>([
  'connecting',
  'open',
  'recovering',
  'away',
  'recovered',
  'disconnected',
  'closing',
  'lost',
  'closed',
  'error',
  'warning',
  'unhandled',
])

function checkEvent(event: string, listener: unknown): void {
  if (!eventNames.has(event)) {
    throw new ArgumentError(
      `there is no event "${String(event)}"`,
      `Use one of ${[...eventNames].join(', ')}.`,
    )
  }
  checkFunction(`the listener of "${event}"`, listener, 'Pass the event first, then the function.')
}
