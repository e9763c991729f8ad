import { Inbox } from '../../src/inbox.ts'
import type { JournalSnapshot, JournalState } from '../../src/journal.ts'
import { JournalClock } from '../../src/journal-clock.ts'
import { Outbox } from '../../src/outbox.ts'
import { SessionEnding } from '../../src/session-ending.ts'
import { SessionJournaling } from '../../src/session-journaling.ts'
import { SessionLinks } from '../../src/session-links.ts'
import { allOf, type PlantedFault, replaced, replacedGetter } from './planted-fault.ts'

/**
 * Mistakes that only a journal or a crash brings to light: in what is written, in what leaves before the journal holds
 * it, and in how a session goes on after a restart.
 */
export const faultsOfJournals: readonly PlantedFault[] = [
  {
    name: 'an acknowledgement that leaves before the journal holds it',
    promises: ['R-123 written before it leaves'],
    plant: () =>
      replaced(
        Inbox.prototype,
        'takeAck',
        (original) =>
          function (this: Inbox) {
            const { t } = original.call(this)
            return { t, n: this.toJournal().handled }
          },
      ),
  },
  {
    name: 'a message that leaves before the journal holds it',
    promises: ['R-123 written before it leaves'],
    plant: () => replaced(JournalClock.prototype, 'holds', () => () => true),
  },
  {
    name: 'a greeting that leaves before the journal holds the number of its link',
    promises: ['R-123 written before it leaves'],
    plant: () => replacedGetter(SessionLinks.prototype, 'mayLeave', () => () => true),
  },
  {
    name: 'a clean end that is told before the journal holds it',
    promises: ['R-123 written before it leaves'],
    plant: () => replacedGetter(Outbox.prototype, 'finished', () => (outbox) => outbox.acknowledged),
  },
  {
    name: 'a message that was taken back and stays in the journal',
    promises: ['R-123 a write is the truth'],
    plant: () => {
      const taken = new Set<number>()
      return allOf(
        replaced(
          Outbox.prototype,
          'drop',
          (original) =>
            function (this: Outbox<unknown>, message) {
              taken.add(message.order)
              return original.call(this, message)
            },
        ),
        changedWrites(({ remove, ...rest }) => {
          const kept = remove.filter((order) => !taken.has(order))
          taken.clear()
          return { ...rest, remove: kept }
        }),
      )
    },
  },
  {
    name: 'messages that are forgotten one write later than it is written that they are acknowledged',
    promises: ['R-123 a write is the truth'],
    plant: () => {
      let before: number[] = []
      return changedWrites(({ remove, ...rest }) => {
        const late = before
        before = remove
        return { ...rest, remove: late }
      })
    },
  },
  {
    name: 'a write that leaves out what is handled above what is not',
    promises: ['R-123 a write is the truth'],
    plant: () =>
      replaced(
        Inbox.prototype,
        'toJournal',
        (original) =>
          function (this: Inbox) {
            const { also: _, ...state } = original.call(this)
            return state
          },
      ),
  },
  {
    name: 'a write that does not say how far the peer has come',
    promises: ['R-123 a write is the truth', 'R-125 given again is marked'],
    plant: () =>
      replaced(
        Inbox.prototype,
        'toJournal',
        (original) =>
          function (this: Inbox) {
            const state = original.call(this)
            return { ...state, got: state.handled }
          },
      ),
  },
  {
    name: 'a restart that says it has received what it has not handled',
    promises: ['honest sides agree', 'P5 closing survives', 'P2 in order, once'],
    plant: () =>
      replacedGetter(
        Inbox.prototype,
        'got',
        (original) => (inbox) => Math.max(original(inbox), inbox.toJournal().got),
      ),
  },
  {
    name: 'a restart that takes what was received for handled',
    promises: ['P1 ack means handled', 'P2 in order, once', 'R-123 a write is the truth'],
    plant: () => restoredIn((state) => ({ ...state, handled: state.got })),
  },
  {
    name: 'a restart that forgets what was handled above what was not',
    promises: ['P2 in order, once', 'R-123 a write is the truth'],
    plant: () =>
      restoredIn(({ also, ...state }) => ({ ...state, got: Math.max(state.got, also?.at(-1)?.[1] ?? 0) })),
  },
  {
    name: "a restart that forgets the peer's fin",
    promises: ['P5 closing survives', 'R-123 a write is the truth'],
    plant: () => restoredIn(({ fin: _, ...state }) => state),
  },
  {
    name: 'a fin that is restored one place too late',
    promises: ['honest sides agree', 'P5 closing survives'],
    plant: () =>
      restoredOut(({ state, messages }) => {
        const { fin } = state.out
        if (fin === undefined || fin.seq === 0) return { state, messages }
        return { state: { ...state, out: { ...state.out, fin: { ...fin, seq: fin.seq + 1 } } }, messages }
      }),
  },
  {
    name: 'numbers that are restored as if nothing had been acknowledged above them',
    promises: ['R-124 a number is kept', 'honest sides agree'],
    plant: () =>
      restoredOut(({ state, messages }) => {
        const { also: _, ...out } = state.out
        return { state: { ...state, out }, messages }
      }),
  },
  {
    name: 'messages that are restored in another order',
    promises: ['R-124 a number is kept', 'P2 in order, once', 'R-123 a write is the truth'],
    plant: () => restoredOut(({ state, messages }) => ({ state, messages: [...messages].reverse() })),
  },
  {
    name: 'links that are counted from the beginning after a restart',
    promises: ['R-30 links count up'],
    plant: () =>
      replaced(
        SessionJournaling.prototype,
        'restore',
        (original) =>
          function (this: SessionJournaling<unknown>, { state, messages }, ...rest) {
            original.call(this, { state: { ...state, links: 0 }, messages }, ...rest)
          },
      ),
  },
  {
    name: 'a message that is given again and not marked',
    promises: ['R-125 given again is marked'],
    plant: () => replaced(Inbox.prototype, 'begunBefore', () => () => false),
  },
  {
    name: 'an end that is not restored',
    promises: ['P6 the report is true'],
    plant: () =>
      replaced(
        SessionEnding.prototype,
        'restore',
        (original) =>
          function (this: SessionEnding<unknown>, _ended, now) {
            original.call(this, undefined, now)
          },
      ),
  },
]

type Changes = ReturnType<Outbox<unknown>['takeChanges']>

/** What is written of a side's messages is changed. */
function changedWrites(change: (changes: Changes) => Changes): () => void {
  return replaced(
    Outbox.prototype,
    'takeChanges',
    (original) =>
      function (this: Outbox<unknown>) {
        return change(original.call(this))
      },
  )
}

/** A receiver is restored from something else than what was written. */
function restoredIn(change: (state: JournalState['in']) => JournalState['in']): () => void {
  return replaced(
    Inbox.prototype,
    'restore',
    (original) =>
      function (this: Inbox, state) {
        return original.call(this, change(state))
      },
  )
}

/** A sender is restored from something else than what was written. */
function restoredOut(change: (snapshot: JournalSnapshot) => JournalSnapshot): () => void {
  return replaced(
    Outbox.prototype,
    'restore',
    (original) =>
      function (this: Outbox<unknown>, snapshot, tagOf) {
        original.call(this, change(snapshot), tagOf)
      },
  )
}
