import { expect, test } from 'vitest'
import { Delivery } from '../src/delivery.ts'

test('empty frames that are kept while the listener has paused count too, until they are told', async () => {
  const delivery = new Delivery()
  let told = 0
  delivery.attach({
    onOpen() {},
    onDrain() {},
    onEnd() {},
    onFrame() {
      told++
    },
  })
  delivery.pause()
  for (let n = 0; n < 10_000; n++) delivery.frame('', 0)
  // As much as a Node link keeps before it stops reading.
  expect(delivery.keptBytes).toBeGreaterThan(1024 * 1024)
  delivery.resume()
  await new Promise((resolve) => setImmediate(resolve))
  expect(told).toBe(10_000)
  expect(delivery.keptBytes).toBe(0)
})
