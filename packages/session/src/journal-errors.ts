import { JournalError } from '@lastword/protocol'

// What every journal has to say in the same words, whatever it stores things in.

export function sessionExists(sid: string): JournalError {
  return new JournalError('journal-exists', `the journal has a session ${sid} already`, {
    sessionId: sid,
    remedy: 'Claim it, or make a session under another id.',
  })
}

export function sessionLost(sid: string): JournalError {
  return new JournalError('journal-lost', `session ${sid} is no longer held here: it was claimed or let go`, {
    sessionId: sid,
    remedy: 'Leave the session to whoever claimed it; what was not written is not stored.',
  })
}

export function journalClosed(sid?: string): JournalError {
  return new JournalError('journal-failed', 'the journal is closed', {
    sessionId: sid,
    remedy: 'Before you close the journal, leave() the sessions that write to it, or close() them.',
  })
}

export function writeFailedBefore(sid: string, cause: unknown): JournalError {
  return new JournalError('journal-failed', `a write of session ${sid} failed before this one`, {
    sessionId: sid,
    remedy: 'Claim the session anew: it goes on from the last write that stands.',
    cause,
  })
}
