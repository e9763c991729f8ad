import { afterEach, describe, expect, it } from 'vitest'
import { Inbox } from '../src/inbox.ts'
import { Outbox } from '../src/outbox.ts'
import type { Machine, Output } from './sim/endpoint.ts'
import { runSeed, type SeedResult } from './sim/run-seed.ts'
import type { PromiseName } from './sim/violation.ts'

/**
 * A simulation that finds nothing proves nothing until it has found what was hidden in it. Each fault is planted from
 * outside, around a machine or over a method of its parts, and must be found under the name of the promise it breaks.
 */
interface PlantedFault {
  name: string
  /** What it may be found as: a fault can be seen in more than one place. */
  promises: PromiseName[]
  /** Puts the fault between a machine and its driver. */
  wrap?: (machine: Machine) => Machine
  /** Puts it into a part of every machine. Returns what takes it out again. */
  patch?: () => () => void
}

/** A fault that is not found within so many runs counts as not found. */
const seedsMax = 300

const faults: PlantedFault[] = [
  {
    name: 'an acknowledgement at receipt',
    promises: ['P1 ack means handled'],
    wrap: (machine) => {
      let now = 0
      return around(machine, {
        handle: (input, at) => {
          now = at
          machine.handle(input, at)
        },
        takeOutputs: () => {
          const outputs = machine.takeOutputs()
          for (const output of outputs) {
            if (output.type === 'message') machine.handle({ type: 'handled', seq: output.envelope.seq }, now)
          }
          return outputs
        },
      })
    },
  },
  {
    name: 'an acknowledgement of one too many',
    promises: ['P1 ack means handled'],
    patch: () =>
      replaced(
        Inbox.prototype,
        'takeAck',
        (original) =>
          function (this: Inbox) {
            const ack = original.call(this)
            return ack.also === undefined && ack.n < this.got ? { ...ack, n: ack.n + 1 } : ack
          },
      ),
  },
  {
    name: 'a duplicate that is delivered',
    promises: ['P2 in order, once'],
    patch: () =>
      replaced(
        Inbox.prototype,
        'receive',
        (original) =>
          function (this: Inbox, ...args) {
            original.apply(this, args)
            return true
          },
      ),
  },
  {
    name: 'two messages that change places',
    promises: ['P2 in order, once'],
    wrap: (machine) =>
      around(machine, {
        takeOutputs: () => {
          const outputs = machine.takeOutputs()
          const [first, second] = outputs
          return first?.type === 'message' && second?.type === 'message'
            ? [second, first, ...outputs.slice(2)]
            : outputs
        },
      }),
  },
  {
    name: 'fates that always say not-sent',
    promises: ['P3 every message has a fate'],
    patch: () =>
      replaced(
        Outbox.prototype,
        'drain',
        (original) =>
          function (this: Outbox<unknown>) {
            return original.call(this).map(({ message }) => ({ message, fate: 'not-sent' as const }))
          },
      ),
  },
  {
    name: 'a message without a fate',
    // It is also still counted as retained.
    promises: ['P3 every message has a fate', 'P7 bounded'],
    wrap: (machine) =>
      changing(machine, (output) => (output.type === 'failed' && !output.tooLarge ? [] : [output])),
  },
  {
    name: 'a message that is reported handled twice',
    promises: ['P3 every message has a fate'],
    wrap: (machine) =>
      changing(machine, (output) => (output.type === 'handled' ? [output, output] : [output])),
  },
  {
    name: 'a report that always says clean',
    promises: ['P4 close after ack', 'P6 the report is true'],
    wrap: (machine) =>
      changing(machine, (output) => {
        if (output.type !== 'ended') return [output]
        return [{ type: 'ended', report: { ...output.report, clean: true, code: 'finished', by: 'both' } }]
      }),
  },
  {
    name: 'a fin that is not replayed after a lost link',
    promises: ['P5 closing survives'],
    wrap: (machine) => {
      let said = false
      return around(machine, {
        pollFrame: (strictBytes) => {
          const frame = machine.pollFrame(strictBytes)
          if (typeof frame !== 'string') return frame
          const envelopes = JSON.parse(frame) as Array<{ t: string }>
          if (!envelopes.some(({ t }) => t === 'fin')) return frame
          const kept = said ? envelopes.filter(({ t }) => t !== 'fin') : envelopes
          said = true
          return kept.length === 0 ? undefined : JSON.stringify(kept)
        },
      })
    },
  },
  {
    name: 'a last acknowledgement that is not said again',
    promises: ['P5 closing survives'],
    wrap: (machine) =>
      around(machine, {
        get wantsLink() {
          return machine.wantsLink && !machine.ended
        },
      }),
  },
  {
    name: 'a session that is forgotten as soon as it has ended',
    promises: ['P5 closing survives', 'P2 in order, once'],
    wrap: (machine) =>
      changing(machine, (output) => (output.type === 'ended' ? [output, { type: 'released' }] : [output])),
  },
  {
    name: 'a machine that forgets the time',
    promises: ['P5 closing survives', 'liveness'],
    wrap: (machine) => around(machine, { nextTimeout: () => Number.POSITIVE_INFINITY }),
  },
  {
    name: 'a report that leaves out what was not handled',
    promises: ['P6 the report is true'],
    wrap: (machine) =>
      changing(machine, (output) => {
        if (output.type !== 'ended') return [output]
        const { report } = output
        return [{ type: 'ended', report: { ...report, incoming: { ...report.incoming, unhandled: [] } } }]
      }),
  },
  {
    name: 'a window that is ignored',
    promises: ['P7 bounded'],
    patch: () =>
      replaced(
        Outbox.prototype,
        'next',
        (original) =>
          function (this: Outbox<unknown>, ...args) {
            this.window = { messages: 100_000, bytes: 2 ** 31 }
            return original.apply(this, args)
          },
      ),
  },
  {
    name: 'a replay that starts one too late',
    // As a gap, as a message that is taken to have been received, or as a fin that never comes.
    promises: ['honest sides agree', 'P3 every message has a fate', 'P5 closing survives'],
    patch: () =>
      replaced(
        Outbox.prototype,
        'peerReceived',
        (original) =>
          function (this: Outbox<unknown>, got) {
            original.call(this, Math.min(got + 1, this.last))
          },
      ),
  },
  {
    name: 'no replay at all',
    promises: ['honest sides agree', 'P5 closing survives'],
    patch: () => replaced(Outbox.prototype, 'rewind', () => () => {}),
  },
]

describe('a planted fault is found by its promise:', () => {
  let takeOut: (() => void) | undefined

  afterEach(() => {
    takeOut?.()
    takeOut = undefined
  })

  it.each(faults)('$name', { timeout: 60_000 }, ({ wrap, patch, promises }) => {
    takeOut = patch?.()
    const found = firstViolation(wrap)
    expect(found?.violation, `within ${seedsMax} seeds`).toBeDefined()
    expect(promises).toContain(found?.violation?.promise)
  })
})

function firstViolation(wrap: PlantedFault['wrap']): SeedResult | undefined {
  for (let seed = 1; seed <= seedsMax; seed++) {
    const result = runSeed(seed, { wrap })
    if (result.violation !== undefined) return result
  }
  return undefined
}

/** The machine, with some of what it does done otherwise. */
function around(machine: Machine, changes: Partial<Machine>): Machine {
  return new Proxy(machine, {
    get(target, property) {
      if (property in changes) return Reflect.get(changes, property)
      const value: unknown = Reflect.get(target, property, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function changing(machine: Machine, change: (output: Output) => Output[]): Machine {
  return around(machine, { takeOutputs: () => machine.takeOutputs().flatMap(change) })
}

/** Replaces a method of every instance. Returns what puts the original back. */
function replaced<T extends object, K extends keyof T>(
  prototype: T,
  name: K,
  make: (original: T[K]) => T[K],
): () => void {
  const original = prototype[name]
  prototype[name] = make(original)
  return () => {
    prototype[name] = original
  }
}
