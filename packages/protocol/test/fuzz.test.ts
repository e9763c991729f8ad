import { describe, expect, test } from 'vitest'
import type { SessionOutput } from '../src/session-io.ts'
import { SessionMachine } from '../src/session-machine.ts'
import { find } from './fuzz/find.ts'
import { type FuzzedMachine, type MakeMachine, runMachine } from './fuzz/machine-run.ts'
import { type Step, steps } from './fuzz/steps.ts'

const roles = ['client', 'server'] as const

/** What finds a planted fault, and in how few steps. */
async function search(role: (typeof roles)[number], make: MakeMachine) {
  return find(steps, (one: Step[]) => void runMachine(role, one, make), {
    seed: 1,
    runs: 2000,
    shrinks: 2000,
  })
}

/** A machine with one of its methods changed. */
function planted(change: (machine: SessionMachine<number>) => Partial<FuzzedMachine>): MakeMachine {
  return (config) => {
    const machine = new SessionMachine<number>(config)
    const changed = change(machine)
    return new Proxy(machine, {
      get(target, name) {
        const from = name in changed ? changed : target
        const value = Reflect.get(from, name, from)
        return typeof value === 'function' ? value.bind(from) : value
      },
    })
  }
}

function twice(
  machine: SessionMachine<number>,
  type: SessionOutput<number>['type'],
): SessionOutput<number>[] {
  return machine.takeOutputs().flatMap((output) => Array(output.type === type ? 2 : 1).fill(output))
}

describe('the fuzzer', () => {
  test.each(roles)('finds nothing wrong with a %s', async (role) => {
    expect(
      await find(steps, (one) => void runMachine(role, one), { seed: 1, runs: 300, shrinks: 0 }),
    ).toBeUndefined()
  })

  test('makes the same runs of the same seed, and others of another', async () => {
    const told = async (seed: number) => {
      const runs: string[] = []
      await find(steps, (one: Step[]) => void runs.push(JSON.stringify(runMachine('server', one))), {
        ...{ seed, runs: 20, shrinks: 0 },
      })
      return runs
    }
    const first = await told(5)
    expect(await told(5)).toEqual(first)
    expect(await told(6)).not.toEqual(first)
  })
})

const faults: Array<[what: string, says: RegExp, make: MakeMachine]> = [
  [
    'a message is given out twice',
    /P2 is broken/,
    planted((machine) => ({
      takeOutputs: () => twice(machine, 'message'),
    })),
  ],
  [
    'messages of one turn come in the wrong order',
    /P2 is broken/,
    planted((machine) => ({
      takeOutputs: () => {
        const outputs = machine.takeOutputs()
        const messages = outputs.filter(({ type }) => type === 'message')
        return [...messages.reverse(), ...outputs.filter(({ type }) => type !== 'message')]
      },
    })),
  ],
  [
    'a note without a payload makes it throw',
    /Cannot read/,
    planted((machine) => ({
      takeOutputs: () => {
        const outputs = machine.takeOutputs()
        for (const output of outputs) {
          if (output.type === 'note')
            ((output.envelope.d as { length: number } | null | undefined) ?? (null as never)).length
        }
        return outputs
      },
    })),
  ],
  [
    'what was received is acknowledged before it is handled',
    /P[16] is broken/,
    planted((machine) => ({
      takeOutputs: () => {
        const outputs = machine.takeOutputs()
        for (const output of outputs) {
          if (output.type === 'message') machine.handle({ type: 'handled', seq: output.envelope.seq }, 0)
        }
        return outputs
      },
    })),
  ],
  [
    'a frame that cannot be decoded is passed over',
    /R-99 is broken/,
    planted((machine) => ({
      handle: (input, now) => {
        if (input.type === 'frame' && typeof input.frame === 'string' && !input.frame.startsWith('[')) return
        machine.handle(input, now)
      },
    })),
  ],
  [
    'every fate is not-sent',
    /P3 is broken/,
    planted((machine) => ({
      takeOutputs: () =>
        machine.takeOutputs().map((output) =>
          output.type === 'failed'
            ? {
                ...output,
                messages: output.messages.map(({ message }) => ({ message, fate: 'not-sent' as const })),
              }
            : output,
        ),
    })),
  ],
  [
    'the end is told twice',
    /P3 is broken/,
    planted((machine) => ({
      takeOutputs: () => twice(machine, 'ended'),
    })),
  ],
]

describe('the fuzzer finds a planted fault, and makes the run that shows it small:', () => {
  const cases = faults.flatMap(([what, says, make]) => roles.map((role) => ({ what, says, make, role })))
  test.each(cases)('$what ($role)', async ({ role, says, make }) => {
    const found = await search(role, make)
    expect(found?.error.message).toMatch(says)
    expect(found?.steps.length).toBeLessThan(8)
    expect(found?.error).toHaveProperty('recorded')
  })
})
