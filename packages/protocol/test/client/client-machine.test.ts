import { describe, expect, it } from 'vitest'
import { ClientAsSessionMachine } from './as-session-machine.ts'
import { conversations } from '../conversation.ts'
import { runAlone, runTogether } from '../conversation-run.ts'
import { describeFailure, runSeed } from '../sim/run-seed.ts'
import type { Sent } from '../sim/sent.ts'
import type { WorldOptions } from '../sim/world.ts'

const ofClients = conversations.filter(({ sides }) => sides.includes('client'))

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

describe("the client's machine in the simulated world", () => {
  const world: WorldOptions = { makeClient: (config) => new ClientAsSessionMachine<Sent>(config) }

  it('keeps every promise over many seeds', { timeout: 120_000 }, () => {
    for (let seed = 1; seed <= 1_500; seed++) {
      const result = runSeed(seed, world)
      if (result.violation !== undefined) expect.fail(describeFailure(result, world))
    }
  })
})
