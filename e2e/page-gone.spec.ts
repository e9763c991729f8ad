import { until } from '@lastword/testkit'
import { expect, type Page } from '@playwright/test'
import { test } from './lastword-test.ts'
import { type Departure, departures, linkStates, openSessionWith } from './page-goes.ts'
import { reportOf } from './reports.ts'
import type { Site } from './site.ts'

/** Together less than the 64 KiB that a browser lets leave behind a page. */
const count = 50
const numbers = Array.from({ length: count }, (_, number) => number)

declare global {
  /** Resolves when the server's message has come. */
  var arrived: Promise<void>
}

for (const link of linkStates) {
  for (const departure of departures) {
    test(`${departure.name}, with ${count} messages queued and the link ${link}: all are handled, each once`, async ({
      page,
      site,
      openProxy,
    }) => {
      const handled = handledBy(site)
      const { url, proxy } = await openProxy()
      const leaver = await departure.from(page, site)
      await openSessionWith({ page: leaver, site, proxy, url, link })
      await leave(leaver, departure, { count, closes: false })
      await until(() => handled.length >= count, { what: `all ${count} messages` })
      expect(handled).toEqual(numbers)
      expect(site.sessions).toHaveLength(1)
      expect(site.sessions[0]?.stats().received).toMatchObject({ messages: count, handled: count })
    })
  }

  test(`a page that goes in the middle of its close(), the link ${link}: finished without it, and the server's report is clean`, async ({
    page,
    site,
    openProxy,
  }) => {
    const handled = handledBy(site)
    const { url, proxy } = await openProxy()
    const [departure] = departures
    await departure.from(page, site)
    await openSessionWith({ page, site, proxy, url, link })
    await leave(page, departure, { count, closes: true })
    await until(() => handled.length >= count, { what: `all ${count} messages` })
    expect(handled).toEqual(numbers)
    // What is cut sooner than that takes the page's last words with it: the messages may have come before these.
    const [session] = site.sessions
    await until(() => session?.stats().links === 2 || session?.state === 'closed', { what: 'the last words' })
    // The server says goodbye to a link that is silent, and would wait for an answer.
    proxy.cutAll('reset')
    expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true, code: 'finished' })
    expect(site.sessions).toHaveLength(1)
  })
}

test('more than fits: the oldest messages are handled, in order, up to a bound, and nothing behind it', async ({
  page,
  site,
  openProxy,
}) => {
  const handled = handledBy(site)
  const { url, proxy } = await openProxy()
  const [departure] = departures
  await departure.from(page, site)
  await openSessionWith({ page, site, proxy, url, link: 'silent' })
  await leave(page, departure, { count: 3 * count, closes: true })
  // What it did not bring is not called handled: the session waits for its page.
  await until(() => site.sessions[0]?.state === 'recovering', { what: 'the link of one request to end' })
  await until(() => handled.length >= count, { what: 'the oldest messages' })
  await expect.poll(() => site.posts).toEqual([{ kind: 'once', bytes: expect.any(Number), status: 200 }])
  expect(site.posts[0]?.bytes).toBeLessThanOrEqual(60 * 1024)
  expect(handled).toEqual(Array.from({ length: handled.length }, (_, number) => number))
  expect(handled.length).toBeLessThan(64)
})

test.describe('a server that has something left to say', () => {
  test.use({ adapterOptions: { ttlMs: 1_000 } })

  test('its message that the page has not handled is not called handled, although the page had closed', async ({
    page,
    site,
    openProxy,
  }) => {
    const handled = handledBy(site)
    const { url, proxy } = await openProxy()
    const [departure] = departures
    await departure.from(page, site)
    await openSessionWith({ page, site, proxy, url, link: 'open' })
    await page.evaluate(() => {
      globalThis.arrived = new Promise((resolve) => {
        // A handler that does not finish.
        leaving.handle('slow', () => {
          resolve()
          return new Promise(() => {})
        })
      })
    })
    const outcome = site.sessions[0]?.send('slow', 1).catch((error) => error.fate)
    await page.evaluate(() => arrived)
    await leave(page, departure, { count, closes: true })
    await until(() => handled.length >= count, { what: `all ${count} messages` })
    expect(await reportOf(site.sessions[0])).toMatchObject({ clean: false })
    expect(await outcome).toMatch(/^(received|unknown)$/)
    expect(handled).toEqual(numbers)
  })
})

function handledBy(site: Site): number[] {
  const handled: number[] = []
  site.adapter.onSession((session) => {
    session.handle('item', async (payload) => {
      // In a later turn: the page does not wait for it.
      await new Promise((resolve) => setImmediate(resolve))
      handled.push((payload as { number: number }).number)
    })
  })
  return handled
}

/** Queues the messages, begins to close if asked to, and goes, all in one turn of the page. */
async function leave(
  page: Page,
  departure: Departure,
  { count, closes }: { count: number; closes: boolean },
): Promise<void> {
  await page.evaluate(
    ({ count, closes, goes }) => {
      for (let number = 0; number < count; number++) {
        leaving.send('item', { number, filler: '.'.repeat(1000) }).catch(() => {})
      }
      if (closes) void leaving.close()
      if (goes === 'elsewhere') location.href = '/empty'
      if (goes === 'again') location.reload()
      if (goes === 'closed by itself') window.close()
    },
    { count, closes, goes: departure.goes },
  )
  await departure.finish(page)
}
