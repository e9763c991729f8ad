import { type AnyContract, ArgumentError, type NameOf, type PayloadInput } from '@lastword/protocol'
import type { IncomingMessage } from './incoming-message.ts'
import type { SendOptions } from './session-types.ts'

/** One message of a contract, as `session.writable` takes it. */
export type WritableMessage<C> = {
  [N in NameOf<C>]: { name: N } & PayloadField<PayloadInput<C, N>> & Omit<SendOptions, 'signal'>
}[NameOf<C>]

type PayloadField<P> = undefined extends P ? { payload?: P } : { payload: P }

type AnyMessage = WritableMessage<AnyContract>

/** What a writable stream needs of its session. */
export interface WritableHost {
  /** Sends a message, which waits for room if it must. */
  send(message: AnyMessage, signal: AbortSignal): Promise<unknown>
  /** Resolves when there is room for more. */
  ready(): Promise<void>
  /** The stream is of no use any more. */
  onOver(): void
}

/** A stream whose chunks are sent. One is taken when there is room, and the stream fails with the first that does. */
export function writableOver(host: WritableHost): WritableStream<AnyMessage> {
  const underWay = new Map<Promise<unknown>, AbortController>()
  return new WritableStream<AnyMessage>({
    write(message, controller) {
      const abort = new AbortController()
      let sent: Promise<unknown>
      try {
        if (typeof message !== 'object' || message === null) {
          throw new ArgumentError('that is no message', 'Write objects like { name, payload }.')
        }
        sent = host.send(message, abort.signal)
      } catch (error) {
        host.onOver()
        throw error
      }
      underWay.set(sent, abort)
      const over = () => underWay.delete(sent)
      let failed = false
      sent.then(over, (error) => {
        if (!over()) return
        failed = true
        controller.error(error)
        host.onOver()
      })
      return host.ready().then(() => (failed ? (sent as Promise<never>) : undefined))
    },
    async close() {
      host.onOver()
      await Promise.all(underWay.keys())
    },
    abort(reason) {
      host.onOver()
      const controllers = [...underWay.values()]
      underWay.clear()
      for (const controller of controllers) controller.abort(reason)
    },
  })
}

/** A stream of messages. Pulling, which only reading does, says that the one before is handled. */
export function readableOver(
  messages: AsyncIterableIterator<IncomingMessage>,
  onOver: () => void,
): ReadableStream<IncomingMessage> {
  return new ReadableStream<IncomingMessage>(
    {
      async pull(controller) {
        const { done, value } = await messages.next()
        if (!done) return controller.enqueue(value)
        onOver()
        controller.close()
      },
      async cancel() {
        onOver()
        await messages.return?.()
      },
    },
    // Nothing is pulled in advance: what is asked for is handled.
    { highWaterMark: 0 },
  )
}
