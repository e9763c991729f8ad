import { ArgumentError } from '@lastword/protocol'
import {
  checkObject,
  type Journal,
  type KeptSession,
  platform,
  Session,
  type SessionRecord,
} from '@lastword/session'
import { nanoid } from 'nanoid'
import { type ConnectOptions, checkOptions } from './connect-options.ts'
import type { Connector } from './connector.ts'

/** What a client adds whose session is to outlive its process. */
export interface JournalOptions {
  /**
   * Where the session is kept. `connect` then resolves with the session that the journal holds for this address, the
   * one written last if there are several, and with a new one if there is none that is free. One that is over is not
   * resumed: what it still owes the server is said behind the application's back.
   */
  journal: Journal
  /**
   * What becomes of the session when the journal cannot be opened, or fails later. `'end'`: `connect` rejects with the
   * `JournalError`, or the session ends with it, and goes on from what is stored once the journal works again. `'go-on'`:
   * it goes on without the journal; a `warning` event says why, and `stored()` rejects. A session that `sessionId` names
   * cannot be had without the journal. @default 'end', and 'go-on' with `indexedDbJournal()`
   */
  onJournalFailure?: 'end' | 'go-on'
  /** Resumes the session with this id, whatever its address was, and takes it from whoever holds it. */
  sessionId?: string
}

/** What a client says that has no journal. */
export interface NoJournal {
  journal?: undefined
  sessionId?: undefined
  onJournalFailure?: undefined
}

/** What a client says that may have a journal. A `sessionId` without one is refused. */
export type OptionalJournal = { onJournalFailure?: 'end' | 'go-on' | undefined } & (
  | { journal?: Journal | undefined; sessionId?: undefined }
  | { journal: Journal | undefined; sessionId?: string | undefined }
)

/** A session as it was taken from the journal, or made in it. */
export interface TakenSession extends KeptSession {
  record: SessionRecord
}

/** @throws ArgumentError for options that cannot be used */
function checkJournalOptions({ journal, sessionId, onJournalFailure }: JournalOptions): void {
  checkObject('journal', journal, "Pass levelJournal(new Level('folder')), or leave it out.")
  for (const method of ['create', 'find', 'claim', 'list'] as const) {
    if (typeof journal[method] === 'function') continue
    throw new ArgumentError(`the journal has no method ${method}`, "Pass levelJournal(new Level('folder')).")
  }
  if (sessionId !== undefined && typeof sessionId !== 'string') {
    throw new ArgumentError('sessionId is not a string', 'Pass the id of a session in the journal.')
  }
  if (onJournalFailure !== undefined && onJournalFailure !== 'end' && onJournalFailure !== 'go-on') {
    throw new ArgumentError(
      "onJournalFailure is neither 'end' nor 'go-on'",
      "Pass one of them, or leave it out for 'end'.",
    )
  }
}

/**
 * Opens a session that the journal holds, or is to hold. What `make` makes of it begins at the end of the turn, when the
 * application has it.
 *
 * @throws ArgumentError for options that cannot be used, JournalError for what the journal fails with, the signal's reason
 */
export async function openKept<C>(
  url: string,
  options: ConnectOptions & JournalOptions,
  make: (kept?: TakenSession) => Connector,
  take: typeof takeSession = takeSession,
): Promise<Session<C>> {
  checkJournalOptions(options)
  checkOptions(options)
  const connectorOf = async (kept: TakenSession) => {
    try {
      return make({ ...kept, onFailure: options.onJournalFailure })
    } catch (error) {
      await kept.journal.release()
      throw error
    }
  }
  // Aborting a session forgets it, and who has not been given it yet must not lose what it holds.
  options.signal?.throwIfAborted()
  const taking = take(options, url, (ended) => {
    connectorOf(ended).catch((error) => platform.report(error))
  })
  let kept: TakenSession
  try {
    kept = await unlessAborted(taking, options.signal)
  } catch (error) {
    if (!mayGoWithout(error, options)) throw error
    const { core } = make()
    core.goWithout(error)
    return new Session<C>(core)
  }
  return new Session<C>((await connectorOf(kept)).core)
}

/** A session that is to be resumed is nowhere but in the journal. */
function mayGoWithout(error: unknown, options: ConnectOptions & JournalOptions): boolean {
  const { onJournalFailure, sessionId, signal } = options
  if (error instanceof ArgumentError || signal?.aborted) return false
  return onJournalFailure === 'go-on' && sessionId === undefined
}

/** Rejects with the signal's reason if that is aborted first; what is taken after all is left to the journal then. */
function unlessAborted(taking: Promise<TakenSession>, signal?: AbortSignal): Promise<TakenSession> {
  if (signal === undefined) return taking
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(signal.reason)
      taking.then(({ journal }) => journal.release()).catch((error) => platform.report(error))
    }
    if (signal.aborted) return abort()
    signal.addEventListener('abort', abort, { once: true })
    taking.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/**
 * Takes a session in hand: the one that is named, else one for this address that nobody holds, else a new one. Sessions
 * that it meets and that are over are given to `onEnded`, to be finished.
 *
 * @throws JournalError what the journal fails with
 */
async function takeSession(
  { journal, sessionId }: JournalOptions,
  url: string,
  onEnded: (session: TakenSession) => void,
): Promise<TakenSession> {
  if (sessionId !== undefined) return takeNamed(journal, sessionId)
  const records = (await journal.list()).filter((record) => record.role === 'client' && record.url === url)
  for (const { sid } of records.reverse()) {
    const session = await journal.claim(sid, { ifFree: true })
    if (session === undefined) continue
    if (session.snapshot?.state.ended === undefined) return session
    onEnded(session)
  }
  const record = newRecord(url)
  return { record, journal: await journal.create(record) }
}

/** A session that nobody has heard of. */
export function newRecord(url: string): SessionRecord {
  return { sid: nanoid(), role: 'client', key: nanoid(32), url }
}

/** @throws ArgumentError if there is none of this id, or it is no client's */
export async function takeNamed(journal: Journal, sid: string): Promise<TakenSession> {
  const record = await journal.find(sid)
  if (record?.role === 'server') {
    throw new ArgumentError(`session ${sid} is a server's`, 'Give clients and servers a journal each.')
  }
  const session = record && (await journal.claim(sid))
  if (session !== undefined) return session
  throw new ArgumentError(
    `the journal has no session ${sid}`,
    'See journal.list(); leave sessionId out to begin a new session.',
  )
}
