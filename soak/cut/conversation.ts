import type { NodeConnectOptions, Session } from '@lastword/sdk'
import { connect } from '@lastword/sdk'
import type { Shape } from '../part.ts'

/** What one side of a conversation has seen, and everything that it was promised. */
export interface Heard {
  /** Numbers of the peer's messages, in the order in which the handler was given them. */
  messages: number[]
  /** How often the request was given out. */
  requests: number
  /** Every promise that the application was given; all of them have to come true. */
  promises: Promise<unknown>[]
}

/** Messages that each side sends. */
const numbers = [0, 1, 2]

/** What each side has to have seen when a conversation is over. */
export const expected = {
  client: { messages: numbers, requests: 0 },
  server: { messages: numbers, requests: 1 },
  answer: 'the answer',
  /** Three messages and the request; three messages and the reply. */
  handledTotal: 4,
}

export function nothingHeard(): Heard {
  return { messages: [], requests: 0, promises: [] }
}

/**
 * The client's part. `burst`: all of it in one turn, closing included, so that the first frames travel with the
 * upgrade. `steps`: each message waits for the one before it to be handled and answered, and the server closes.
 */
export function converse(
  url: string,
  shape: Shape,
  options: NodeConnectOptions,
  heard: Heard,
): { session: Session; done: Promise<unknown> } {
  const session = connect(url, { ...options, early: shape === 'burst' })
  const toldUpTo = hear(session, 'tell', heard)
  heard.promises.push(session.opened)
  const send = (number: number) => keep(heard, session.send('say', payloadOf(number)))
  const ask = () => keep(heard, session.request('ask', 'the question').then(mustBe(expected.answer)))
  if (shape === 'burst') {
    for (const number of numbers) void send(number)
    void ask()
    return { session, done: session.close({ timeoutMs: closeMs }) }
  }
  const done = (async () => {
    for (const number of numbers) {
      await send(number)
      await toldUpTo(number)
    }
    await ask()
    return session.closed
  })()
  return { session, done }
}

/** The server's part. */
export function answer(session: Session, shape: Shape, heard: Heard): void {
  const tell = (number: number) => void keep(heard, session.send('tell', payloadOf(number)))
  session.handle('say', (payload) => {
    const number = numberOf(payload)
    heard.messages.push(number)
    if (shape === 'steps') tell(number)
  })
  session.handle('ask', () => {
    heard.requests += 1
    if (shape === 'steps') void keep(heard, session.close({ timeoutMs: closeMs }))
    return expected.answer
  })
  if (shape === 'burst') for (const number of numbers) tell(number)
}

/** Beyond every deadline of a run, so that a run that hangs is told as such. */
const closeMs = 60_000

/** Records the numbers of the messages, and resolves once one of them has come. */
function hear(session: Session, name: string, heard: Heard): (number: number) => Promise<void> {
  const waiting = new Map<number, () => void>()
  session.handle(name, (payload) => {
    const number = numberOf(payload)
    heard.messages.push(number)
    waiting.get(number)?.()
  })
  return (number) =>
    new Promise((resolve) => {
      if (heard.messages.includes(number)) resolve()
      else waiting.set(number, resolve)
    })
}

/** The one in the middle is binary, so that a frame of each kind is cut. */
function payloadOf(number: number): unknown {
  return number === 1 ? new Uint8Array([number, 10, 20, 30, 40]) : { number, text: 'some text' }
}

function numberOf(payload: unknown): number {
  if (payload instanceof Uint8Array) return payload[0] ?? Number.NaN
  return (payload as { number: number }).number
}

function mustBe<T>(wanted: T): (value: unknown) => void {
  return (value) => {
    if (value !== wanted) throw new Error(`the answer was ${JSON.stringify(value)}`)
  }
}

/** The promise itself; what becomes of it is looked at when the conversation is over. */
function keep<T>(heard: Heard, promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  heard.promises.push(promise)
  return promise
}
