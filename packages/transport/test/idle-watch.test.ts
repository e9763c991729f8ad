import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { watchIdle } from '../src/idle-watch.ts'

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setInterval', 'clearInterval', 'setImmediate', 'clearImmediate', 'performance'],
  })
})
afterEach(() => {
  vi.useRealTimers()
})

const mebibyte = 1024 * 1024

function watch(ms: number) {
  const state = { moves: 0, waitingBytes: 0, idleAt: undefined as number | undefined, stop: () => {} }
  const start = performance.now()
  state.stop = watchIdle(ms, { moved: () => state.moves, waitingBytes: () => state.waitingBytes }, () => {
    state.idleAt = performance.now() - start
  })
  return state
}

test('silence ends the watch after the time, once', () => {
  const state = watch(800)
  vi.advanceTimersByTime(799)
  expect(state.idleAt).toBeUndefined()
  vi.advanceTimersByTime(2)
  expect(state.idleAt).toBeGreaterThanOrEqual(800)
  expect(vi.getTimerCount()).toBe(0)
})

test('movement puts the end off, however long it goes on', () => {
  const state = watch(800)
  for (let n = 0; n < 100; n += 1) {
    vi.advanceTimersByTime(700)
    state.moves += 1
  }
  expect(state.idleAt).toBeUndefined()
  vi.advanceTimersByTime(1000)
  expect(state.idleAt).toBeDefined()
})

test('each further mebibyte that waits gets as much time again', () => {
  const state = watch(800)
  state.waitingBytes = 10 * mebibyte
  vi.advanceTimersByTime(7900)
  expect(state.idleAt).toBeUndefined()
  vi.advanceTimersByTime(300)
  expect(state.idleAt).toBeGreaterThanOrEqual(8000)
})

test('what is read after the process was held up counts as movement', () => {
  const start = performance.now()
  let looksLate = 0
  let idle = false
  const stop = watchIdle(
    800,
    {
      // The first look after the time finds nothing; by the next one the poll phase has read.
      moved() {
        if (performance.now() - start >= 800) looksLate += 1
        return looksLate >= 2
      },
      waitingBytes: () => 0,
    },
    () => {
      idle = true
    },
  )
  vi.advanceTimersByTime(850)
  expect(looksLate).toBe(2)
  expect(idle).toBe(false)
  stop()
})

test('a stopped watch leaves nothing behind', () => {
  const state = watch(800)
  state.stop()
  vi.advanceTimersByTime(5000)
  expect(state.idleAt).toBeUndefined()
  expect(vi.getTimerCount()).toBe(0)
})
