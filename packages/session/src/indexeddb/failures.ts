import { JournalError } from '@lastword/protocol'

// What can be wrong with a page's IndexedDB, each with what can be done about it.

export function noDatabase(cause?: unknown): JournalError {
  const reason = cause === undefined ? '' : ` (${wordsOf(cause)})`
  return new JournalError('journal-unavailable', `this page has no IndexedDB that it may use${reason}`, {
    remedy:
      'Private windows, blocked cookies and sandboxed frames have none: connect without a journal there.',
    cause,
  })
}

export function openingTooLong(name: string, ms: number): JournalError {
  return new JournalError('journal-blocked', `the database "${name}" did not open within ${ms} ms`, {
    remedy:
      'Another page is deleting or upgrading it, or the browser does not answer: close the other pages.',
  })
}

export function incompatible(name: string, why: string, cause?: unknown): JournalError {
  return new JournalError(
    'journal-incompatible',
    `the database "${name}" is not one of this lastword: ${why}`,
    {
      remedy: 'Give the journal a database of its own: indexedDbJournal({ database: … }).',
      cause,
    },
  )
}

export function databaseGone(name: string, sid?: string): JournalError {
  return new JournalError('journal-unavailable', `the browser has closed the database "${name}"`, {
    sessionId: sid,
    remedy: 'The data of the site was deleted, or another page deletes it. What was stored is gone.',
  })
}

/** What a transaction, or opening the database, failed with. */
export function storeFailed(name: string, cause: unknown, sid?: string): JournalError {
  if (cause instanceof JournalError) return cause
  const kind = cause instanceof Error || cause instanceof DOMException ? cause.name : ''
  if (kind === 'QuotaExceededError') {
    return new JournalError(
      'journal-full',
      'there is no room left for the journal: the quota of the site is used up',
      {
        sessionId: sid,
        remedy:
          'Delete what the site stores and does not need, or ask for more with navigator.storage.persist().',
        cause,
      },
    )
  }
  if (kind === 'VersionError') return incompatible(name, 'a newer version has made it', cause)
  if (kind === 'SecurityError' || kind === 'NotAllowedError') return noDatabase(cause)
  return new JournalError('journal-failed', `the database "${name}" failed: ${wordsOf(cause)}`, {
    sessionId: sid,
    remedy: 'See its cause. If it stays, delete the data of the site: what the journal holds is then lost.',
    cause,
  })
}

export function corrupt(sid: string, why: string): JournalError {
  return new JournalError('journal-corrupt', `session ${sid} cannot be read: ${why}`, {
    sessionId: sid,
    remedy: 'Give the session up with journal.forget(sid): what it held is then lost.',
  })
}

export function fromTheFuture(sid: string, version: number): JournalError {
  return new JournalError('journal-incompatible', `session ${sid} is stored in format ${version}`, {
    sessionId: sid,
    remedy: 'A newer lastword has written it: use that one, or a database of its own for this one.',
  })
}

function wordsOf(cause: unknown): string {
  if (cause instanceof Error || cause instanceof DOMException) return cause.message || cause.name
  return String(cause)
}
