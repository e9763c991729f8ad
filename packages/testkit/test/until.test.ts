import { expect, test } from 'vitest'
import { until } from '../src/index.ts'

test('until resolves with what the condition gave', async () => {
  let asked = 0
  expect(await until(() => (++asked > 3 ? 'there' : undefined), { what: 'it' })).toBe('there')
})

test('until says what it waited for when the deadline has passed', async () => {
  await expect(until(() => false, { what: 'the moon', timeoutMs: 20 })).rejects.toThrow(
    'waited 20 ms for the moon',
  )
})

test('until passes on what the condition throws', async () => {
  const failing = () => {
    throw new Error('broken')
  }
  await expect(until(failing, { what: 'it' })).rejects.toThrow('broken')
})
