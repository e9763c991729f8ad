import { expect } from '@playwright/test'
import { test } from './lastword-test.ts'
import { reportOf, reportsOf } from './reports.ts'

const rounds = 20

test(`both sides close at once, behind messages of both, ${rounds} times`, async ({ page, site }) => {
  const receivedByServer: unknown[] = []
  site.adapter.onSession((session) => {
    session.handle('last of page', (payload) => void receivedByServer.push(payload))
    // Together with the welcome, so that the page's own fin is on its way already.
    session.on('open', () => {
      void session.send('last of server', 'server')
      void session.close()
    })
  })
  await page.goto(`${site.origin}/script-tag`)
  const results = await page.evaluate(
    async ({ url, rounds }) => {
      const results = []
      for (let round = 0; round < rounds; round++) {
        const received: unknown[] = []
        const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
        session.handle('last of server', (payload) => void received.push(payload))
        const sent = session.send('last of page', round)
        const { clean } = await session.close()
        await sent
        results.push({ received, clean })
      }
      return results
    },
    { url: site.url, rounds },
  )
  expect(results).toEqual(Array(rounds).fill({ received: ['server'], clean: true }))
  expect(receivedByServer).toEqual(Array.from({ length: rounds }, (_, round) => round))
  const reports = await reportsOf(site.sessions)
  expect(reports.map(({ clean }) => clean)).toEqual(Array(rounds).fill(true))
})

test('both sides close an open session at the same moment', async ({ page, site }) => {
  await page.goto(`${site.origin}/script-tag`)
  const session = await page.evaluateHandle(async (url) => {
    const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
    await session.opened
    return session
  }, site.url)
  const ofServer = site.sessions[0]?.close()
  const ofPage = session.evaluate(async (session) => (await session.close()).clean)
  expect(await ofPage).toBe(true)
  expect(await ofServer).toMatchObject({ clean: true })
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
})
