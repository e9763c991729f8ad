import { limits } from '@lastword/protocol'
import { expect, test } from 'vitest'
import { find } from '../../protocol/test/fuzz/find.ts'
import { createAdapter } from '../src/index.ts'
import { type MakeAdapter, runDoor } from './fuzz/door-run.ts'
import { type DoorStep, doorSteps } from './fuzz/door-steps.ts'
import type { MemorySocket } from './memory-socket.ts'

const search = (make: MakeAdapter, runs = 400) =>
  find(doorSteps, (steps: DoorStep[]) => runDoor(steps, make), { seed: 1, runs, shrinks: 200 })

test('the fuzzer finds nothing wrong at the door of an adapter, nor with the client beside', async () => {
  expect(await search(createAdapter, 100)).toBeUndefined()
})

const faults: Array<[what: string, says: RegExp, make: MakeAdapter]> = [
  [
    'sessions that are never forgotten',
    /kept for ever/,
    (options) => createAdapter({ ...options, ttlMs: limits.timerMsMax }),
  ],
  [
    'a refusal that ends somebody else’s link',
    /neighbour/,
    (options) => {
      const adapter = createAdapter(options)
      const sockets: MemorySocket[] = []
      const { connection } = adapter
      adapter.connection = () => (socket, request) => {
        sockets.push(socket as unknown as MemorySocket)
        connection.call(adapter)(socket, request)
      }
      adapter.on('refused', () => sockets[0]?.close(1001))
      return adapter
    },
  ],
  [
    'an error that ends in the log',
    /nobody foresaw/,
    (options) => {
      const adapter = createAdapter(options)
      adapter.on('refused', ({ code }) => {
        if (code === 'key-mismatch') throw new Error('a bug')
      })
      return adapter
    },
  ],
]

test.each(faults)('the fuzzer finds a planted fault: %s', async (_, says, make) => {
  const found = await search(make)
  expect(found?.error.message).toMatch(says)
  expect(found?.steps.length).toBeLessThan(5)
})
