import { until } from '@lastword/testkit'
import { expect } from '@playwright/test'
import { test } from './lastword-test.ts'
import { reportOf } from './reports.ts'

test('a page that was frozen goes on with its session: nothing is lost, nothing twice', async ({
  tabs,
  site,
}) => {
  const fromPage: unknown[] = []
  site.adapter.onSession((session) => session.handle('from page', (payload) => void fromPage.push(payload)))
  const page = await tabs.newPage()
  await page.goto(`${site.origin}/script-tag`)
  await page.evaluate(async (url) => {
    const session = lastword.connect(url, { signal: AbortSignal.timeout(20_000) })
    const received: unknown[] = []
    const events: string[] = []
    session.handle('from server', (payload) => void received.push(payload))
    for (const event of ['freeze', 'resume']) document.addEventListener(event, () => events.push(event))
    document.addEventListener('freeze', () => void session.send('from page', 'while it freezes'))
    await session.opened
    await session.send('from page', 'before')
    globalThis.frozen = { session, received, events }
  }, site.url)
  const [session] = site.sessions
  const events = () => page.evaluate(() => globalThis.frozen.events)

  const devtools = await tabs.newCDPSession(page)
  await devtools.send('Page.setWebLifecycleState', { state: 'frozen' })
  await expect.poll(events).toEqual(['freeze'])
  await until(() => session?.state === 'recovering', { what: 'the page to leave its links' })
  const toPage = [1, 2, 3].map((payload) => session?.send('from server', payload))
  expect(await page.evaluate(() => globalThis.frozen.received)).toEqual([])
  await devtools.send('Page.setWebLifecycleState', { state: 'active' })
  await expect.poll(events).toEqual(['freeze', 'resume'])
  await Promise.all(toPage)

  const outcome = await page.evaluate(async () => {
    const { session, received } = globalThis.frozen
    await session.send('from page', 'after')
    return { received, clean: (await session.close()).clean }
  })
  expect(outcome).toEqual({ received: [1, 2, 3], clean: true })
  expect(fromPage).toEqual(['before', 'while it freezes', 'after'])
  expect(site.sessions).toHaveLength(1)
  expect(await reportOf(session)).toMatchObject({ clean: true })
})

declare global {
  /** What the page keeps while it is frozen. */
  var frozen: { session: import('@lastword/sdk').Session; received: unknown[]; events: string[] }
}
