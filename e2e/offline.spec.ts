import { expect } from '@playwright/test'
import { test } from './lastword-test.ts'
import { reportOf } from './reports.ts'

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
