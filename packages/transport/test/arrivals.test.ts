import { expect, test } from 'vitest'
import { Arrivals } from '../src/arrivals.ts'

test('empty frames that are kept while the listener has paused count too, until they are told', async () => {
  const arrivals = new Arrivals()
  let told = 0
  arrivals.attach({
    onOpen() {},
    onDrain() {},
    onEnd() {},
    onFrame() {
      told++
    },
  })
  arrivals.pause()
  for (let n = 0; n < 10_000; n++) arrivals.frame('', 0)
  // As much as a Node link keeps before it stops reading.
  expect(arrivals.keptBytes).toBeGreaterThan(1024 * 1024)
  arrivals.resume()
  await new Promise((resolve) => setImmediate(resolve))
  expect(told).toBe(10_000)
  expect(arrivals.keptBytes).toBe(0)
})
