import { expect } from '@playwright/test'
import { test } from './lastword-test.ts'
import { reportOf } from './reports.ts'

test('a loop in the page gets every message in order, acknowledges each when it asks for the next, and ends', async ({
  page,
  site,
}) => {
  const count = 50
  const handledByPage: number[] = []
  let answer: Promise<unknown> | undefined
  site.adapter.onSession((session) => {
    for (let index = 0; index < count; index++) {
      void session.send('candidate', index).then(() => handledByPage.push(index))
    }
    answer = session.request('how many', undefined)
    void session.close()
  })
  await page.goto(`${site.origin}/script-tag`)
  const result = await page.evaluate(async (url) => {
    const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
    const received: unknown[] = []
    for await (const message of session) {
      if (message.isRequest) message.reply(received.length)
      else received.push(message.payload)
    }
    return { received, clean: (await session.closed).clean }
  }, site.url)
  const all = Array.from({ length: count }, (_, index) => index)
  expect(result).toEqual({ received: all, clean: true })
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
  expect(await answer).toBe(count)
  expect(handledByPage).toEqual(all)
})

test('a message whose turn in the loop is not over is not acknowledged', async ({ page, site }) => {
  await page.goto(`${site.origin}/script-tag`)
  const looping = page.evaluate(async (url) => {
    const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
    for await (const message of session) {
      // The turn lasts until the server has looked; before that an acknowledgement would have had its time to arrive.
      if (message.name === 'first') {
        await session.request('wait')
        await session.request('look')
      }
    }
    return (await session.closed).clean
  }, site.url)
  const looked = new Promise<string>((resolve) => {
    site.adapter.onSession((session) => {
      let first = 'pending'
      void session.send('first').then(() => {
        first = 'handled'
      })
      session.handle('wait', () => {})
      session.handle('look', () => {
        resolve(first)
        void session.close()
      })
    })
  })
  expect(await looked).toBe('pending')
  expect(await looping).toBe(true)
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
})
