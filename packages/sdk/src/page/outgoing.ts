import type { Fate, MsgEnvelope } from '@lastword/protocol'
import type { ClientMessage } from '@lastword/protocol/client'
import type { SendOptions } from '@lastword/session'
import { type Core, now } from './core.ts'
import { encode } from './encode.ts'
import {
  ArgumentError,
  DeliveryError,
  LastwordError,
  QueueFullError,
  RemoteError,
  SessionClosedError,
} from './errors.ts'
import { inOrder, valid } from './payload.ts'

/** What is told of a message: nothing when it is handled, else its error, and whether it was too large. */
export type Tag = (error?: LastwordError, tooLarge?: boolean) => void

/** What the application waits for: that a message is handled, or answered. */
interface Delivery {
  readonly id: string
  readonly name: string
  readonly ask: boolean
  settle(error: unknown, value?: unknown): void
  /** Once it is encoded. */
  encoded?: ClientMessage<Tag>
  /** The machine has it. */
  submitted?: boolean
  handled?: boolean
  /** Its reply has come; to be called when that is settled. */
  onAnswered?: () => void
}

/** The way out: validates, serialises and numbers what the application sends, in the order of the calls. */
export function outgoing(core: Core, idPrefix: string) {
  const { sid: sessionId, contract, machine, options, changed } = core
  const { queuedBytesMax = 2 ** 24, onFull } = options
  /** Everything that is not settled, by id. */
  const deliveries = new Map<string, Delivery>()
  /** What waits for room, in order. */
  const outside = new Set<Delivery>()
  const order = inOrder()
  let waiters: Array<() => void> = []
  let idCount = 0

  const nextId = () => `${idPrefix}.${(++idCount).toString(36)}`

  const undelivered = (messageId: string, fate: Fate, why: string, cause = core.cause) =>
    new DeliveryError(`message ${messageId} was not handled (${fate}): ${why}`, {
      fate,
      messageId,
      sessionId,
      cause,
    })

  const unanswered = ({ id, settle }: Delivery, why: string) =>
    settle(new SessionClosedError(`the request ${id} got no reply: ${why}`, { sessionId, cause: core.cause }))

  /** One message may always be in, however large. */
  const submit = (delivery: Delivery) => {
    const message = delivery.encoded as ClientMessage<Tag>
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
        throw new ArgumentError(`"${name}" is not in the contract, or the id ${id} is under way`)
      }
      return new Promise((resolve, reject) => {
        const delivery: Delivery = {
          id,
          name,
          ask,
          settle(error, value) {
            if (!deliveries.delete(id)) return
            outside.delete(delivery)
            signal?.removeEventListener('abort', giveUp)
            if (error) reject(error)
            else resolve(value)
            delivery.onAnswered?.()
            changed()
          },
        }
        const { settle } = delivery
        const takesNoMore = () => settle(undelivered(id, 'not-sent', 'the session takes no more'))
        const giveUp = () => {
          const { submitted, encoded, handled } = delivery
          const message = encoded as ClientMessage<Tag>
          const fate = !submitted ? 'not-sent' : handled ? 'received' : machine.fateOf(message)
          settle(undelivered(id, fate, 'the caller stopped waiting', signal?.reason))
          if (!submitted) return
          machine.drop(message)
          if (ask && message.seq) machine.cancel(id)
        }
        deliveries.set(id, delivery)
        if (core.closing || machine.ended()) takesNoMore()
        else if (ask && core.peerFin) unanswered(delivery, 'the peer has closed')
        else if (signal?.aborted) giveUp()
        else {
          signal?.addEventListener('abort', giveUp)
          void order(
            valid(contract?.[name]?.payload, payload, name, sessionId),
            (value) => {
              if (!deliveries.has(id)) return
              delivery.encoded = encode(
                { id, ch: name, ask, again: redelivered && true, meta },
                value,
                (error) => {
                  delivery.handled = !error
                  if (error || !ask) settle(error)
                },
              )
              if (core.finAsked) takesNoMore()
              else if (outside.size || !submit(delivery)) {
                if (onFull !== 'wait') {
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

  return {
    send,

    /** Sends what a request gets: its reply, or an error in place of it. Nothing once `fin` is asked for. */
    reply(re: string, value: unknown, err?: { code: string; message: string }) {
      if (core.finAsked || machine.ended()) return
      machine.send(
        encode(err ? { id: nextId(), re, err } : { id: nextId(), re }, value, (error, tooLarge) => {
          if (!tooLarge) return
          // Whoever asked must not wait for ever.
          this.reply(re, undefined, { code: 'reply-too-large', message: 'the reply is too large' })
          core.tellError(error)
        }),
      )
      changed()
    },

    /** Keeps replies in the order of what the application calls. */
    order,

    onReply({ re, err, d, seq }: MsgEnvelope, payload: Uint8Array | undefined) {
      const delivery = deliveries.get(re as string)
      const onAnswered = () => machine.handled(seq, now())
      if (!delivery || delivery.onAnswered) return onAnswered()
      const { settle, name } = delivery
      delivery.onAnswered = onAnswered
      if (err) return settle(new RemoteError(err.code, err.message, { sessionId }))
      void inOrder()(
        valid(contract?.[name]?.reply, payload ?? d, `${name} (reply)`, sessionId),
        (value) => settle(undefined, value),
        settle,
      )
    },

    onFailed({ id, tag }: ClientMessage<Tag>, fate: Fate, why: string, tooLarge: boolean) {
      tag(
        tooLarge
          ? new LastwordError('payload-too-large', `message ${id} was not sent: ${why}`, { sessionId })
          : undelivered(id, fate, why),
        tooLarge,
      )
    },

    /** No reply will come any more. */
    abandonRequests() {
      for (const delivery of deliveries.values()) {
        if (delivery.ask && !delivery.onAnswered) unanswered(delivery, 'the peer has closed')
      }
    },

    /** The session is over. Returns the ids of what never left. */
    end(why: string): string[] {
      const all = [...deliveries.values()]
      for (const delivery of all) {
        if (delivery.submitted) unanswered(delivery, why)
        else delivery.settle(undelivered(delivery.id, 'not-sent', why))
      }
      return all.filter(({ submitted }) => !submitted).map(({ id }) => id)
    },

    /** Lets in, in order, what waits and fits, and wakes who waits for room. */
    letIn() {
      for (const delivery of outside) if (core.finAsked || !submit(delivery)) break
      if (
        core.closing ||
        machine.ended() ||
        (!outside.size && machine.retainedBytes() <= queuedBytesMax / 2)
      ) {
        for (const wake of waiters) wake()
        waiters = []
      }
    },

    /** Resolves when less than half of what may wait does. */
    room: () =>
      new Promise<void>((resolve) => {
        waiters.push(resolve)
        changed()
      }),

    /** True if everything that was accepted has been given to the machine. */
    allSubmitted: () => [...deliveries.values()].every(({ submitted }) => submitted),

    /** False while too many replies wait: messages of this side's own never make it more than half of that. */
    takesRequests: () => machine.retainedBytes() <= 2 * queuedBytesMax,
  }
}
