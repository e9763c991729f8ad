import { setTimeout } from 'node:timers/promises'
import { until } from '@lastword/testkit'
import { expect } from '@playwright/test'
import { test } from './lastword-test.ts'
import { reportOf } from './reports.ts'

const offlineMs = 5_000

test('a page that was offline for a while resumes as soon as it is online again', async ({
  page,
  context,
  site,
  openProxy,
}) => {
  const { proxy, url } = await openProxy()
  const received: unknown[] = []
  site.adapter.onSession((session) => {
    session.handle('candidate', (payload) => void received.push(payload))
  })
  await page.goto(`${site.origin}/script-tag`)
  const session = await page.evaluateHandle(async (url) => {
    const session = lastword.connect(url, {
      signal: AbortSignal.timeout(20_000),
      // Later than the deadline: what makes the session resume in time is that the network is back.
      reconnect: { nextDelayMs: () => 60_000 },
    })
    await session.opened
    await session.send('candidate', 'before')
    return session
  }, url)

  await context.setOffline(true)
  // Chromium leaves open connections alone when it is told to be offline; a network that goes does not.
  proxy.cutAll('reset')
  await expect.poll(() => session.evaluate(({ state }) => state)).toBe('recovering')
  const sent = session.evaluate((session) => session.send('candidate', 'while offline'))
  await context.setOffline(false)
  await sent

  expect(await session.evaluate(async (session) => (await session.close()).clean)).toBe(true)
  expect(received).toEqual(['before', 'while offline'])
  expect(proxy.accepted).toBe(2)
  expect(site.sessions).toHaveLength(1)
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
})

test(`${offlineMs / 1000} s offline in the middle of a close: not one attempt meanwhile, one at once behind it, and both reports clean`, async ({
  page,
  context,
  site,
  openProxy,
}) => {
  const { proxy, url } = await openProxy()
  const handled: unknown[] = []
  let finish = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  site.adapter.onSession((session) => {
    session.handle('last', async (payload) => {
      await finished
      handled.push(payload)
    })
  })
  await page.addInitScript(() => {
    globalThis.attempts = []
    globalThis.WebSocket = new Proxy(WebSocket, {
      construct(target, args) {
        attempts.push(navigator.onLine)
        return Reflect.construct(target, args)
      },
    })
  })
  await page.goto(`${site.origin}/script-tag`)
  const session = await page.evaluateHandle(async (url) => {
    const session = lastword.connect(url, {
      signal: AbortSignal.timeout(25_000),
      // Again and again, if nothing says that it is of no use.
      reconnect: { nextDelayMs: () => 50 },
    })
    await session.opened
    void session.send('last', 1)
    return session
  }, url)
  const closing = session.evaluate((session) => session.close())
  await until(() => site.sessions[0]?.state === 'closing', { what: 'the close to reach the server' })

  await context.setOffline(true)
  proxy.cutAll('reset')
  await setTimeout(offlineMs)
  // Handled while nobody can be told.
  finish()
  await until(() => handled.length === 1, { what: 'the last message to be handled' })
  expect(await page.evaluate(() => attempts)).toEqual([true])
  await context.setOffline(false)

  expect(await closing).toMatchObject({ clean: true, handledTotal: 1 })
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
  expect(await page.evaluate(() => attempts)).toEqual([true, true])
  expect(handled).toEqual([1])
  expect(proxy.accepted).toBe(2)
  expect(site.sessions).toHaveLength(1)
})

declare global {
  /** For each WebSocket that the page has made: whether the browser was online. */
  var attempts: boolean[]
}
