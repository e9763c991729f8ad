import type { CancelEnvelope, MsgEnvelope } from '@lastword/protocol'
import type { IncomingMessage } from '@lastword/session'
import { type Core, now } from './core.ts'
import { ArgumentError, LastwordError, RemoteError } from './errors.ts'
import type { outgoing } from './outgoing.ts'
import { inOrder, valid } from './payload.ts'

export type Handler = (payload: unknown, message: IncomingMessage) => unknown

/** Brings what arrives to handlers, in order, and to the loop; what nothing listens for is kept until something does. */
export function incoming(core: Core, { reply, order, takesRequests }: ReturnType<typeof outgoing>) {
  const { sid: sessionId, contract, machine, options, changed, tellError } = core
  const { concurrency = Infinity } = options
  const handlers = new Map<string, Handler>()
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

  const run = async (message: IncomingMessage, handler: Handler) => {
    const { name, id, signal } = message
    running++
    try {
      await message.reply(await handler(message.payload, message))
    } catch (cause) {
      const meant = cause instanceof RemoteError
      // What is told to the sender on purpose, or is the signal's own doing, needs no report.
      if (!(meant && !message.answered) && !(signal.aborted && cause === signal.reason)) {
        tellError(
          new LastwordError('handler-failed', `the handler of "${name}" failed on message ${id}`, {
            sessionId,
            cause,
          }),
        )
      }
      message.fail(meant ? cause.remoteCode : 'handler-failed', meant ? cause.message : 'the handler failed')
    }
    running--
    finish(message)
  }

  const mayStart = ({ isRequest }: IncomingMessage) => !isRequest || takesRequests()

  return {
    receive(
      { ch: name = '', seq, id, d, ask, again, meta = {} }: MsgEnvelope,
      bytes: Uint8Array | undefined,
    ) {
      const stop = new AbortController()
      let answered = !ask
      const refuse = (code: string, text: string) =>
        reply(id, undefined, { code: code.slice(0, 64) || 'error', message: text.slice(0, 1024) })
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
            (passed) => reply(id, passed),
            (error) => {
              refuse('reply-invalid', 'the reply cannot be sent')
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
          message.fail('payload-invalid', 'the payload does not fit the contract')
          tellError(error)
          finish(message)
        },
      )
    },

    /** Starts what may be started. */
    pump() {
      let blocked = false
      for (const message of waiting) {
        const { name, isRequest } = message
        const handler = handlers.get(name)
        if (handler) {
          blocked ||= running >= concurrency || !mayStart(message)
          if (blocked) continue
          waiting.delete(message)
          void run(message, handler)
        } else if (loop) {
          loop()
        } else if (isRequest && (handlers.size || core.closing)) {
          if (!mayStart(message)) continue
          waiting.delete(message)
          message.fail('no-handler', `nothing handles "${name}" here`)
          finish(message)
        } else if (!told.has(message)) {
          told.add(message)
          core.emit('unhandled', message)
        }
      }
      if (core.peerFin) loop?.()
    },

    onMessages: (name: string, handler: Handler) => attach(handlers, name, handler, changed),

    iterate(): AsyncIterableIterator<IncomingMessage> {
      if (loop) throw new ArgumentError('another loop is reading this session')
      let current: IncomingMessage | undefined
      let left = false
      let wake = () => {}
      loop = () => wake()
      /** Says that the last one is handled. */
      const release = () => {
        current?.fail('no-reply', 'the message was taken and not answered')
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
          const next = [...waiting].find(({ name }) => !handlers.has(name))
          if (next && mayStart(next)) {
            waiting.delete(next)
            current = next
            yield next
          } else if (!next && (core.peerFin || machine.ended())) leave()
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
    },

    cancel({ re }: CancelEnvelope) {
      for (const [{ isRequest, id }, stop] of open) if (isRequest && id === re) stop.abort()
    },

    /** This side closes: what was asked before is still answered. */
    owe() {
      owed = [...open.keys()].filter(({ isRequest }) => isRequest)
    },
    owes: () => owed.some((message) => open.has(message)),

    /** The session is over. */
    stopAll() {
      for (const stop of open.values()) stop.abort()
      waiting.clear()
      open.clear()
      loop?.()
    },

    openCount: () => open.size,
    /** How many of them nothing listens for. */
    keptCount: () => (loop ? 0 : [...waiting].filter(({ name }) => !handlers.has(name)).length),
    listens: () => handlers.size > 0,
  }
}

/** Puts a handler in its place; returns what takes it off again. @throws ArgumentError */
export function attach(
  handlers: Map<string, Handler>,
  name: string,
  handler: Handler,
  changed: () => void,
): () => void {
  if (typeof handler !== 'function' || handlers.has(name)) {
    throw new ArgumentError(`"${name}" has a handler already, or this is no function`)
  }
  handlers.set(name, handler)
  changed()
  return () => {
    if (handlers.get(name) === handler) handlers.delete(name)
  }
}
