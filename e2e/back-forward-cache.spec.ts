import { until } from '@lastword/testkit'
import { expect } from '@playwright/test'
import { chromiumWithCache } from './chromium-launch.ts'
import { test } from './lastword-test.ts'
import { reportOf } from './reports.ts'

test.use({ launchOptions: chromiumWithCache })

test('a page that goes into the back-forward cache comes back with its session: nothing is lost, nothing twice', async ({
  page,
  site,
}) => {
  const fromPage: unknown[] = []
  site.adapter.onSession((session) => session.handle('from page', (payload) => void fromPage.push(payload)))
  await page.goto(`${site.origin}/script-tag`)
  const id = await page.evaluate(async (url) => {
    const session = lastword.connect(url, { signal: AbortSignal.timeout(20_000) })
    const kept = { session, received: [] as unknown[], shown: [] as boolean[], sent: [] as Promise<void>[] }
    globalThis.kept = kept
    session.handle('from server', (payload) => void kept.received.push(payload))
    addEventListener('pageshow', ({ persisted }) => kept.shown.push(persisted))
    addEventListener('pagehide', () => kept.sent.push(session.send('from page', 'while it goes')))
    await session.opened
    await session.send('from page', 'before')
    return session.id
  }, site.url)

  await page.goto(`${site.origin}/empty`)
  const [session] = site.sessions
  await until(() => session?.state === 'recovering', { what: 'the page to leave its links' })
  const toPage = [1, 2, 3].map((payload) => session?.send('from server', payload))
  await page.goBack({ waitUntil: 'commit' })
  const keptOut = await page.evaluate(() => {
    const [navigation] = performance.getEntriesByType('navigation') as unknown as {
      notRestoredReasons: unknown
    }[]
    return { restored: globalThis.kept !== undefined, because: navigation?.notRestoredReasons }
  })
  expect(keptOut).toEqual({ restored: true, because: null })

  await Promise.all(toPage)
  const outcome = await page.evaluate(async () => {
    const { session, received, shown, sent } = globalThis.kept
    await Promise.all(sent)
    await session.send('from page', 'after')
    const { clean } = await session.close()
    return { id: session.id, received, shown, clean }
  })
  expect(outcome).toEqual({ id, received: [1, 2, 3], shown: [true], clean: true })
  expect(fromPage).toEqual(['before', 'while it goes', 'after'])
  expect(site.sessions).toHaveLength(1)
  expect(await reportOf(session)).toMatchObject({ clean: true })
})

declare global {
  /** What the page keeps while it is in the cache. */
  var kept: {
    session: import('@lastword/sdk').Session
    received: unknown[]
    shown: boolean[]
    sent: Promise<void>[]
  }
}
