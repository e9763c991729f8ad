import type { JournaledMessage, JournalState, JournalWrite } from '@lastword/protocol'
import type { ClaimedSession, ClaimOptions, Journal, SessionJournal, SessionRecord } from '../journal.ts'

/** What the store should hold: the writes carried out in memory. */
export class Model {
  #state: JournalState | undefined
  readonly #messages = new Map<number, JournaledMessage>()

  apply({ add, remove, state }: JournalWrite): this {
    for (const message of add) this.#messages.set(message.order, message)
    for (const order of remove) this.#messages.delete(order)
    this.#state = state
    return this
  }

  get snapshot(): unknown {
    const messages = [...this.#messages.values()].sort((a, b) => a.order - b.order)
    return this.#state && { state: this.#state, messages }
  }
}

export function recordOf(sid: string, more: Partial<SessionRecord> = {}): SessionRecord {
  return { sid, role: 'client', key: `key-of-${sid}`, url: 'ws://server.test/', ...more }
}

export function messageOf(order: number, payload?: Uint8Array): JournaledMessage {
  const rest = `"t":"msg","id":"m${order}","d":"number ${order}"}`
  return { order, id: `m${order}`, rest, bytes: rest.length + 20, ...(payload && { payload }) }
}

/** The nth write of a session: its state names the number. */
export function writeOf(number: number, add: JournaledMessage[] = [], remove: number[] = []): JournalWrite {
  return { number, add, remove, state: stateOf(number) }
}

export function stateOf(number: number): JournalState {
  return {
    v: 1,
    links: number,
    welcomed: number > 1,
    out: { acked: number, also: [[number + 2, number + 3]], handledTotal: number },
    in: { got: number + 1, handled: number, fin: { seq: number, reason: 'done "so"' }, handledTotal: number },
  }
}

/** The session in new hands. @throws if there is none */
export async function claimed(
  journal: Journal,
  sid: string,
  options?: ClaimOptions,
): Promise<ClaimedSession> {
  const session = await journal.claim(sid, options)
  check(session !== undefined, `session ${sid} is there to be claimed`)
  return session as ClaimedSession
}

/** Checks what is stored of a session, and leaves it in the hands of whoever asks. */
export async function holds(journal: Journal, sid: string, expected: unknown): Promise<SessionJournal> {
  const session = await claimed(journal, sid)
  same(session.snapshot, expected, `what is stored of ${sid}`)
  return session.journal
}

export function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`it does not hold that ${what}`)
}

export function same(actual: unknown, expected: unknown, what: string): void {
  const [is, should] = [textOf(actual), textOf(expected)]
  if (is !== should)
    throw new Error(`${what} is\n${is.slice(0, 2000)}\nand should be\n${should.slice(0, 2000)}`)
}

/** Checks that something fails with a `JournalError` of this code, and with what a caller needs to know. */
export async function fails(work: Promise<unknown>, code: string, what: string): Promise<void> {
  const error = await work.then(
    () => undefined,
    (error) => error,
  )
  check(error !== undefined, `${what} is refused`)
  same(error.code, code, `the code of the error when ${what} is refused (${error.message})`)
  check(error.name === 'JournalError', `it is a JournalError (${error.name})`)
  check(typeof error.remedy === 'string' && error.remedy !== '', 'it says what to do')
  check(!`${error.message} ${error.remedy}`.includes('key-of-'), 'it does not name the key')
}

/** Nothing takes longer than this that does not hang. */
const deadlineMs = 30_000

export async function onTime<T>(work: Promise<T>, ms = deadlineMs): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${ms} ms`)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** JSON with its keys in order; bytes as a plain list, whose class must be `Uint8Array` and no other. */
function textOf(value: unknown): string {
  return (
    JSON.stringify(value, (_, part) => {
      if (part === null || typeof part !== 'object' || Array.isArray(part)) return part
      if (part instanceof Uint8Array) return [part.constructor.name, ...part]
      return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
    }) ?? 'undefined'
  )
}
