import type { CancelEnvelope, CloseReport, Contract, Fate, NoteEnvelope } from '@lastword/protocol'
import { type ClientEvents, type ClientMessage, clientMachine } from '@lastword/protocol/client'
import type { CloseOptions, IncomingMessage, SendOptions, SessionEvents } from '@lastword/session'
import { randomText } from './base64url.ts'
import type { PageConnectOptions, PageSession } from './connect-options.ts'
import { connector, lingerMs } from './connector.ts'
import { encode, envelopeText } from './encode.ts'
import {
  ArgumentError,
  DeliveryError,
  LastwordError,
  ProtocolError,
  QueueFullError,
  RemoteError,
  SessionClosedError,
} from './errors.ts'
import { inOrder, isPromise, valid } from './payload.ts'

/** What is told of a message: nothing when it is handled, else its error, and whether it was too large. */
type Tag = (error?: LastwordError, tooLarge?: boolean) => void
type Message = ClientMessage<Tag>
type Handler = (payload: unknown, message: IncomingMessage) => unknown
type Listener = (value: never) => unknown
type Timer = ReturnType<typeof setTimeout>

/** What the application waits for: that a message is handled, or answered. */
interface Delivery {
  readonly id: string
  readonly name: string
  readonly ask: boolean
  settle(error: unknown, value?: unknown): void
  /** Once it is encoded. */
  encoded?: Message
  /** The machine has it. */
  submitted?: boolean
  handled?: boolean
  /** Its reply has come; to be called when that is settled. */
  onAnswered?: () => void
}

/**
 * Opens a session with the server at this address.
 *
 * What belongs to a conversation is in this one function: a name in here costs a page one byte, and a member of an
 * object that parts of it would share costs several, each time.
 */
export function openSession<C>(url: string, options: PageConnectOptions<C>): PageSession<C> {
  const { maxBytes = 2 ** 20, queuedBytesMax = 2 ** 24 } = options
  const contract = options.contract as Contract | undefined
  const sessionId = randomText(15)
  const idPrefix = randomText(9)
  const on = {} as ClientEvents<Tag>
  const machine = clientMachine<Tag>(
    {
      sid: sessionId,
      key: randomText(24),
      window: { messages: 1024, bytes: Math.max(2 ** 22, maxBytes), ...options.window },
      maxBytes,
      welcomeTimeoutMs: options.welcomeTimeoutMs ?? 10_000,
      agent: options.agent,
    },
    on,
  )
  const now = () => performance.now()

  // Its life
  let closeOptions: CloseOptions | undefined
  let finAsked = false
  let peerFin = false
  /** What made this side give the session up, for whatever is rejected with it. */
  let cause: unknown
  let report: CloseReport | undefined
  const [opened, resolveOpened, rejectOpened] = deferred<void>()
  const [closed, resolveClosed] = deferred<CloseReport>()
  // Whoever does not wait for it hears of the same by `closed` and by every message's fate.
  opened.catch(() => {})

  // The end of a turn of the event loop: a task of its own, which hidden pages do not throttle as they do timers
  const { port1, port2 } = new MessageChannel()
  let turnAsked = false
  let deadlineTimer: Timer | undefined

  /** Something has changed: it is looked at, and what waits is sent, at the end of this turn of the event loop. */
  const changed = () => {
    if (!turnAsked) port2.postMessage(0)
    turnAsked = true
  }

  const turn = () => {
    turnAsked = false
    machine.carryOut()
    pump()
    letIn()
    if (!machine.ended()) progress()
    const lookMs = links.tick()
    clearTimeout(deadlineTimer)
    if (report && links.noLinks()) {
      resolveClosed(report)
      if (!machine.wantsLink()) return port1.close()
    }
    deadlineTimer = setTimeout(look, Math.min(machine.nextTimeout() - now(), lookMs))
  }
  port1.onmessage = turn

  /** A timer that is late must not judge a link by what still lies unread: another task runs behind what has arrived. */
  const look = () =>
    setTimeout(() => {
      machine.timeout(now())
      changed()
    })

  // Events

  let listeners: Record<string, Set<Listener>> = {}

  const emit = <E extends keyof SessionEvents>(event: E, value: SessionEvents[E]) => {
    const heard = [...(listeners[event] ?? [])]
    // One that throws, or whose promise rejects, does not keep the others from being called.
    for (const listener of heard) void (async () => listener(value as never))().catch(console.error)
    return heard[0]
  }

  const tellError = (error: unknown) => {
    if (!emit('error', error as LastwordError)) console.error(error)
  }

  // The way out: in the order of the calls

  /** Everything that is not settled, by id. */
  const deliveries = new Map<string, Delivery>()
  /** What waits for room, in order. */
  const outside = new Set<Delivery>()
  const order = inOrder()
  let waiters: Array<() => void> = []
  let idCount = 0

  const nextId = () => `${idPrefix}.${(++idCount).toString(36)}`

  const undelivered = (messageId: string, fate: Fate, why: string, because = cause) =>
    new DeliveryError(`message ${messageId} was not handled (${fate}): ${why}`, {
      fate,
      messageId,
      sessionId,
      cause: because,
    })

  const unanswered = ({ id, settle }: Delivery, why: string) =>
    settle(new SessionClosedError(`request ${id} got no reply: ${why}`, { sessionId, cause }))

  /** False if there is no room. One message may always be in, however large. */
  const submit = (delivery: Delivery) => {
    const message = delivery.encoded as Message
    const inside = machine.retainedBytes()
    if (inside && inside + message.bytes > queuedBytesMax) return false
    outside.delete(delivery)
    delivery.submitted = true
    machine.send(message)
    return true
  }

  const send =
    (ask: boolean) =>
    (name: string, payload: unknown, { id = nextId(), meta, redelivered, signal }: SendOptions = {}) => {
      if ((contract && !Object.hasOwn(contract, name)) || deliveries.has(id)) {
        throw new ArgumentError(`"${name}" is not in the contract, or ${id} is under way`)
      }
      return new Promise((resolve, reject) => {
        // Its id may be another message's by now, if its caller has stopped waiting.
        const isSettled = () => deliveries.get(id) !== delivery
        const settle = (error: unknown, value?: unknown) => {
          if (isSettled()) return
          deliveries.delete(id)
          outside.delete(delivery)
          signal?.removeEventListener('abort', giveUp)
          if (error) reject(error)
          else resolve(value)
          delivery.onAnswered?.()
          changed()
        }
        const delivery: Delivery = { id, name, ask, settle }
        const takesNoMore = () => settle(undelivered(id, 'not-sent', 'the session takes no more'))
        const giveUp = () => {
          const { submitted, encoded, handled } = delivery
          const message = encoded as Message
          const fate = !submitted ? 'not-sent' : handled ? 'received' : machine.fateOf(message)
          settle(undelivered(id, fate, 'the caller stopped waiting', signal?.reason))
          if (!submitted) return
          machine.drop(message)
          if (ask && message.seq) machine.cancel(id)
        }
        deliveries.set(id, delivery)
        if (closeOptions) takesNoMore()
        else if (ask && peerFin) unanswered(delivery, 'the peer has closed')
        else if (signal?.aborted) giveUp()
        else {
          signal?.addEventListener('abort', giveUp)
          void order(
            valid(contract?.[name]?.payload, payload, name, sessionId),
            (value) => {
              if (isSettled()) return
              delivery.encoded = encode(
                { id, ch: name, ask, again: redelivered && true, meta },
                value,
                (error) => {
                  delivery.handled = !error
                  if (error || !ask) settle(error)
                },
              )
              // Its signal may have been aborted while it was serialised.
              if (isSettled()) return
              if (finAsked) takesNoMore()
              else if (outside.size || !submit(delivery)) {
                if (options.onFull !== 'wait') {
                  throw new QueueFullError(`more than ${queuedBytesMax} bytes wait: wait for session.ready`, {
                    sessionId,
                  })
                }
                outside.add(delivery)
              }
              changed()
            },
            settle,
          )
        }
      })
    }

  /** Sends what a request gets: its reply, or an error in place of it. Nothing once `fin` is asked for. */
  const sendReply = (re: string, value: unknown, err?: { code: string; message: string }) => {
    if (finAsked) return
    machine.send(
      encode({ id: nextId(), re, ...(err && { err }) }, value, (error, tooLarge) => {
        if (!tooLarge) return
        // Whoever asked must not wait for ever.
        sendReply(re, undefined, { code: 'reply-too-large', message: 'the reply is too large' })
        tellError(error)
      }),
    )
    changed()
  }

  /** Lets in, in order, what waits and fits, and wakes who waits for room. */
  const letIn = () => {
    for (const delivery of outside) if (finAsked || !submit(delivery)) break
    if (closeOptions || (!outside.size && machine.retainedBytes() <= queuedBytesMax / 2)) {
      for (const wake of waiters) wake()
      waiters = []
    }
  }

  // The way in

  const handlers = new Map<string, Handler>()
  const noteHandlers = new Map<string, Handler>()
  /** Everything received and not handled, in order, with what tells its handler that nobody wants it any more. */
  const open = new Map<IncomingMessage, AbortController>()
  /** Of that, what neither a handler nor the loop has. */
  const waiting = new Set<IncomingMessage>()
  /** What the application has been told that nothing listens for it. */
  const told = new WeakSet<IncomingMessage>()
  const arrivals = inOrder()
  let running = 0
  /** Wakes the loop, if there is one. */
  let loop: (() => void) | undefined
  /** Requests that came before this side began to close. */
  let owed: IncomingMessage[] = []

  const finish = (message: IncomingMessage) => {
    if (open.delete(message)) machine.handled(message.seq, now())
    changed()
  }

  const handlerFailed = (name: string, because: unknown) =>
    tellError(
      new LastwordError('handler-failed', `the handler of "${name}" failed`, { sessionId, cause: because }),
    )

  const run = async (message: IncomingMessage, handler: Handler) => {
    const { name, signal } = message
    running++
    try {
      await message.reply(await handler(message.payload, message))
    } catch (error) {
      const meant = error instanceof RemoteError
      // What is told to the sender on purpose, or is the signal's own doing, needs no report.
      if (!(meant && !message.answered) && !(signal.aborted && error === signal.reason)) {
        handlerFailed(name, error)
      }
      message.fail(meant ? error.remoteCode : 'handler-failed', meant ? error.message : 'the handler failed')
    }
    running--
    finish(message)
  }

  /** False while too many replies wait: messages of this side's own never make it more than half of that. */
  const mayStart = ({ isRequest }: IncomingMessage) =>
    !isRequest || machine.retainedBytes() <= 2 * queuedBytesMax

  /** Nothing but the loop, if there is one, would have it. */
  const unwanted = ({ name }: IncomingMessage) => !handlers.has(name)

  /** Starts what may be started. */
  const pump = () => {
    let blocked = false
    for (const message of waiting) {
      const { name, isRequest } = message
      const handler = handlers.get(name)
      if (handler) {
        blocked ||= running >= (options.concurrency ?? Infinity) || !mayStart(message)
        if (blocked) continue
        waiting.delete(message)
        void run(message, handler)
      } else if (loop) {
        loop()
      } else if (isRequest && (handlers.size || closeOptions)) {
        if (!mayStart(message)) continue
        waiting.delete(message)
        message.fail('no-handler', `nothing handles "${name}" here`)
        finish(message)
      } else if (!told.has(message)) {
        told.add(message)
        emit('unhandled', message)
      }
    }
    if (peerFin) loop?.()
  }

  /** Puts a handler in its place; returns what takes it off again. */
  const attach = (all: Map<string, Handler>) => (name: string, handler: Handler) => {
    if (typeof handler !== 'function' || all.has(name)) {
      throw new ArgumentError(`"${name}" has a handler already, or this is no function`)
    }
    all.set(name, handler)
    changed()
    return () => {
      if (all.get(name) === handler) all.delete(name)
    }
  }

  const iterate = (): AsyncIterableIterator<IncomingMessage> => {
    if (loop) throw new ArgumentError('another loop is reading this session')
    let current: IncomingMessage | undefined
    let left = false
    let wake = () => {}
    loop = () => wake()
    /** Says that the last one is handled. */
    const release = () => {
      current?.fail('no-reply', 'it was taken and not answered')
      if (current) finish(current)
      current = undefined
    }
    const leave = () => {
      release()
      if (!left) loop = undefined
      left = true
      wake()
      changed()
    }
    const messages = (async function* () {
      while (!left) {
        release()
        const next = [...waiting].find(unwanted)
        if (next && mayStart(next)) {
          waiting.delete(next)
          current = next
          yield next
        } else if (!next && peerFin) leave()
        else {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      }
    })()
    return {
      next: () => messages.next(),
      return(): Promise<IteratorResult<IncomingMessage>> {
        leave()
        return messages.return()
      },
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  // Closing

  const beginClose = (how: CloseOptions) => {
    if (closeOptions) return
    closeOptions = how
    machine.close(how.timeoutMs ?? 60_000, now())
    owed = [...open.keys()].filter(({ isRequest }) => isRequest)
    changed()
  }

  /** Is it time to close, to say `fin`, or to give up waiting for a handler? */
  const progress = () => {
    const { size } = open
    const onlyKept = size > 0 && !loop && [...waiting].filter(unwanted).length === size
    // An application that has attached no handler at all may still be about to.
    if (peerFin && !options.halfOpen && (!size || (handlers.size && onlyKept))) beginClose({})
    if (!closeOptions) return
    if (
      !finAsked &&
      [...deliveries.values()].every(({ submitted }) => submitted) &&
      !owed.some((message) => open.has(message))
    ) {
      finAsked = true
      machine.fin(closeOptions.code, closeOptions.reason, now())
      changed()
    } else if (finAsked && peerFin && onlyKept) {
      giveUp(`nothing handles ${size} messages`, undefined, 'unhandled')
    }
  }

  const giveUp = (reason: string, because?: unknown, code: 'aborted' | 'unhandled' = 'aborted') => {
    cause = because
    machine.abort(code, reason)
    changed()
  }

  const watch = (signal: AbortSignal | undefined) => {
    const abort = () => giveUp('aborted by its signal', signal?.reason)
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort)
    void closed.then(() => signal?.removeEventListener('abort', abort))
  }

  // What the machine tells

  const links = connector(url, on, {
    sessionId,
    machine: machine as never,
    options: options as PageConnectOptions,
    now,
    changed,
    turn,
    look,
    emit,
    giveUp,
    onOpened: resolveOpened,
  })

  Object.assign(on, {
    message(envelope, bytes) {
      const { ch: name = '', seq, id, d, ask, again, meta = {}, re, err } = envelope
      if (re) {
        const delivery = deliveries.get(re)
        const onAnswered = () => machine.handled(seq, now())
        if (!delivery || delivery.onAnswered) return onAnswered()
        const { settle } = delivery
        delivery.onAnswered = onAnswered
        if (err) return settle(new RemoteError(err.code, err.message, { sessionId }))
        return void inOrder()(
          valid(contract?.[delivery.name]?.reply, bytes ?? d, `${delivery.name} (reply)`, sessionId),
          (value) => settle(undefined, value),
          settle,
        )
      }
      const stop = new AbortController()
      let answered = !ask
      const refuse = (code: string, text: string) =>
        sendReply(id, undefined, { code: `${code}`.slice(0, 64) || 'error', message: text.slice(0, 1024) })
      const message = {
        name,
        payload: bytes ?? d,
        id,
        meta,
        isRequest: !!ask,
        redelivered: !!again,
        seq,
        signal: stop.signal,
        get answered() {
          return answered
        },
        reply(value: unknown) {
          if (answered) return
          answered = true
          return order(
            valid(contract?.[name]?.reply, value, `${name} (reply)`, sessionId),
            (passed) => sendReply(id, passed),
            (error) => {
              refuse('reply-invalid', 'the reply does not fit')
              throw error
            },
          )
        },
        fail(code: string, text: string) {
          if (!answered) refuse(code, text)
          answered = true
        },
      } as IncomingMessage
      open.set(message, stop)
      void arrivals(
        valid(contract?.[name]?.payload, message.payload, name, sessionId),
        (value) => {
          message.payload = value
          if (open.has(message)) waiting.add(message)
          changed()
        },
        (error) => {
          message.fail('payload-invalid', 'the payload does not fit')
          tellError(error)
          finish(message)
        },
      )
    },
    handled: ({ tag }) => tag(),
    failed({ id, tag }, fate, why, tooLarge) {
      tag(
        tooLarge
          ? new LastwordError('payload-too-large', `message ${id} was not sent: ${why}`, { sessionId })
          : undelivered(id, fate, why),
        tooLarge,
      )
    },
    async note({ ch = '', d }: NoteEnvelope, bytes) {
      try {
        const value = await valid(contract?.[ch]?.payload, bytes ?? d, ch, sessionId)
        await noteHandlers.get(ch)?.(value, undefined as never)
      } catch (error) {
        handlerFailed(ch, error)
      }
    },
    cancel({ re }: CancelEnvelope) {
      for (const [{ isRequest, id }, stop] of open) if (isRequest && id === re) stop.abort()
    },
    peerFin({ code, reason }) {
      peerFin = true
      for (const delivery of deliveries.values()) {
        if (delivery.ask && !delivery.onAnswered) unanswered(delivery, 'the peer has closed')
      }
      emit('closing', { code, reason })
    },
    fault: (by, wireCode, message) =>
      emit('disconnected', new ProtocolError(message, { wireCode, by, sessionId })),
    ended(ended) {
      const { code, reason } = ended
      const why = `the session ended (${code}${reason && `: ${reason}`})`
      cause ??= links.lastError()
      closeOptions ??= {}
      finAsked = peerFin = true
      for (const delivery of deliveries.values()) {
        const { id } = delivery
        if (delivery.submitted) unanswered(delivery, why)
        else {
          ended.notSent.push(id)
          delivery.settle(undelivered(id, 'not-sent', why))
        }
      }
      for (const stop of open.values()) stop.abort()
      waiting.clear()
      open.clear()
      loop?.()
      rejectOpened(cause instanceof LastwordError ? cause : new SessionClosedError(why, { sessionId, cause }))
      if (/unknown|expired/.test(code)) emit('lost', ended)
      emit('closed', ended)
      // Nothing follows that.
      listeners = {}
      // The links end first, so that a page that goes elsewhere after closing takes nothing away.
      report = ended
      setTimeout(resolveClosed, lingerMs, ended)
    },
  } satisfies Partial<ClientEvents<Tag>>)

  const session = {
    id: sessionId,
    get state() {
      return machine.ended() ? 'closed' : closeOptions || peerFin ? 'closing' : links.place()
    },
    opened,
    closed,
    get ready() {
      return new Promise<void>((resolve) => {
        waiters.push(resolve)
        letIn()
      })
    },
    send: send(false),
    request: send(true),
    handle: attach(handlers),
    note(name: string, payload: unknown) {
      const submitNote = (value: unknown) => {
        const text = envelopeText({ t: 'note', ch: name }, value)
        changed()
        return !closeOptions && machine.note(text)
      }
      const value = valid(contract?.[name]?.payload, payload, name, sessionId)
      if (!isPromise(value)) return submitNote(value)
      value.then(submitNote).catch(tellError)
      return machine.attached()
    },
    onNote: attach(noteHandlers),
    on(event: string, listener: Listener) {
      listeners[event] ??= new Set()
      listeners[event].add(listener)
      return () => session.off(event, listener)
    },
    off(event: string, listener: Listener) {
      listeners[event]?.delete(listener)
    },
    close(how: CloseOptions = {}) {
      beginClose(how)
      watch(how.signal)
      return closed
    },
    abort: (reason = '') => giveUp(reason),
    [Symbol.asyncIterator]: iterate,
    [Symbol.asyncDispose]: async () => void (await session.close()),
  }

  watch(options.signal)
  changed()
  return session as unknown as PageSession<C>
}

/** A promise with its ends outside. */
function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return [promise, resolve, reject] as const
}
