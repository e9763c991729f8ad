import { until } from '@lastword/testkit'
import { expect } from '@playwright/test'
import { test } from './lastword-test.ts'
import { holdClock } from './page-clock.ts'
import { reportOf } from './reports.ts'

const keepaliveMs = 15_000
const minuteMs = 60_000

test('a session goes on in a tab that nobody looks at, also when its link is cut there', async ({
  tabs,
  site,
  openProxy,
}) => {
  const { proxy, url } = await openProxy()
  const page = await tabs.newPage()
  await page.goto(`${site.origin}/script-tag`)
  const session = await page.evaluateHandle(async (url) => {
    const session = lastword.connect(url, { signal: AbortSignal.timeout(20_000) })
    session.handle('number', (number) => number)
    await session.opened
    return session
  }, url)
  await (await tabs.newPage()).bringToFront()
  await expect.poll(() => page.evaluate(() => document.visibilityState)).toBe('hidden')

  const [ofServer] = site.sessions
  expect(await ofServer?.request('number', 1)).toBe(1)
  proxy.cutAll('reset')
  expect(await ofServer?.request('number', 2)).toBe(2)
  expect(await session.evaluate(async (session) => (await session.close()).clean)).toBe(true)
  expect(await page.evaluate(() => document.visibilityState)).toBe('hidden')
  expect(site.sessions).toHaveLength(1)
  expect(await reportOf(ofServer)).toMatchObject({ clean: true })
})

test('timers that fire once a minute let no link die on which the server is heard', async ({
  page,
  site,
}) => {
  await holdClock(page)
  await page.goto(`${site.origin}/script-tag`)
  const session = await page.evaluateHandle(async (url) => {
    const session = lastword.connect(url)
    session.handle('number', (number) => number)
    await session.opened
    return session
  }, site.url)
  const lost = await session.evaluateHandle((session) => {
    const lost: unknown[] = []
    session.on('recovering', (why) => lost.push(why))
    return lost
  })
  const [ofServer] = site.sessions

  for (let minute = 0; minute < 5; minute++) {
    // As often as a server says something when there is nothing to say.
    for (let passed = keepaliveMs; passed < minuteMs; passed += keepaliveMs) {
      await page.evaluate((ms) => pageClock.advance(ms), keepaliveMs)
      expect(await ofServer?.request('number', minute)).toBe(minute)
    }
    await page.evaluate(async (ms) => {
      pageClock.advance(ms)
      await pageClock.wake()
    }, keepaliveMs)
  }

  expect(await lost.jsonValue()).toEqual([])
  expect(ofServer?.stats().links).toBe(1)
  expect(await session.evaluate(async (session) => (await session.close()).clean)).toBe(true)
  expect(await reportOf(ofServer)).toMatchObject({ clean: true })
})

test('timers that fire once a minute find out that a link is dead, and the session goes on over another one', async ({
  page,
  site,
  openProxy,
}) => {
  const { proxy, url } = await openProxy()
  const handled: unknown[] = []
  site.adapter.onSession((session) => session.handle('note', (payload) => void handled.push(payload)))
  await holdClock(page)
  await page.goto(`${site.origin}/script-tag`)
  await page.evaluate(async (url) => {
    const session = lastword.connect(url)
    globalThis.hidden = { session, attempts: 0 }
    session.on('connecting', () => hidden.attempts++)
    await session.opened
    await session.send('note', 'before')
  }, url)
  const attemptsBefore = await page.evaluate(() => hidden.attempts)

  // Nothing comes through any more, and nobody says so.
  const [silent] = proxy.connections
  silent?.toServer.stall()
  silent?.toClient.stall()
  const sent = page.evaluate(() => hidden.session.send('note', 'into the silence'))
  // One to ask whether the server is there, perhaps one to ask again because that timer was late, one to give up, one to
  // connect again: no further one, for time must not pass while the connection is made.
  let minutes = 0
  while ((await page.evaluate(() => hidden.attempts)) === attemptsBefore) {
    expect(minutes++).toBeLessThan(4)
    await page.evaluate(async (ms) => {
      pageClock.advance(ms)
      await pageClock.wake()
    }, minuteMs)
  }
  await sent

  expect(handled).toEqual(['before', 'into the silence'])
  await until(() => site.sessions[0]?.stats().links === 2, { what: 'the second link' })
  // The server says goodbye to the silent one, and would wait for an answer.
  silent?.cut('reset')
  expect(await page.evaluate(async () => (await hidden.session.close()).clean)).toBe(true)
  expect(site.sessions).toHaveLength(1)
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
})

declare global {
  /** What the page keeps, and how often it has tried to connect. */
  var hidden: { session: import('@lastword/sdk').Session; attempts: number }
}
