import { describe, expect, it } from 'vitest'
import { Outbox } from '../../src/outbox.ts'
import { conversations } from '../conversation.ts'
import { runAlone, runTogether } from '../conversation-run.ts'
import { replacedGetter } from '../faults/planted-fault.ts'
import { firstViolation } from '../sim/first-violation.ts'
import { describeFailure, runSeed } from '../sim/run-seed.ts'
import type { Sent } from '../sim/sent.ts'
import { Statistics } from '../sim/statistics.ts'
import type { WorldOptions } from '../sim/world.ts'
import { ClientAsSessionMachine } from './as-session-machine.ts'

/** What this machine does in its own way: one link at a time, notes of text, and reset codes shown as they came. */
const otherwise = ['takeover', 'moving-is-no-answer', 'away', 'notes', 'reset-with-an-unknown-code']

const ofClients = conversations.filter(
  ({ sides, name }) => sides.includes('client') && !otherwise.includes(name),
)

describe("the client's machine does what the conversation says", () => {
  for (const conversation of ofClients) {
    it(`${conversation.name} (${conversation.rules.join(', ')})`, () =>
      runAlone(conversation, 'client', (config) => new ClientAsSessionMachine(config)))
  }
})

describe("the client's machine and the server's, fed what the other one made, do what the conversation says", () => {
  for (const conversation of ofClients.filter(({ sides }) => sides.length === 2)) {
    it(`${conversation.name} (${conversation.rules.join(', ')})`, () =>
      runTogether(conversation, (config) => new ClientAsSessionMachine(config)))
  }
})

it('knows the conversations that are not run', () => {
  const names = conversations.map(({ name }) => name)
  expect(otherwise.filter((name) => !names.includes(name))).toEqual([])
})

describe("the client's machine in the simulated world", () => {
  const world: WorldOptions = { makeClient: (config) => new ClientAsSessionMachine<Sent>(config) }

  it('keeps every promise over many seeds', { timeout: 120_000 }, () => {
    const total = new Statistics()
    for (let seed = 1; seed <= 1_500; seed++) {
      const result = runSeed(seed, world)
      if (result.violation !== undefined) expect.fail(describeFailure(result, world))
      total.add(result.statistics)
    }
    // A client without a journal does not crash.
    const others = /crash|restored|journal|redelivered|first write|before its write|gone with its process/
    const untried = total.missing().filter((name) => !others.test(name))
    expect(untried).toEqual([])
    expect(total.counts.get('page went away with something to say')).toBeGreaterThan(500)
    expect(total.counts.get('clean end of a session whose page had gone')).toBeGreaterThan(50)
  })

  it.each([
    ['with messages that nobody has acknowledged', (outbox: Outbox<unknown>) => outbox.finRequested],
    [
      'without having closed itself',
      (outbox: Outbox<unknown>) => outbox.inFlightCount + outbox.queuedCount === 0,
    ],
  ])(
    'finds a server that ends cleanly when the page has gone, %s (R-146)',
    { timeout: 60_000 },
    (_, wrong) => {
      const takeOut = replacedGetter(Outbox.prototype, 'finishedButFin', () => wrong)
      try {
        expect(firstViolation(600, world)?.violation?.promise).toMatch(/^(P[346]|R-123) /)
      } finally {
        takeOut()
      }
    },
  )
})
