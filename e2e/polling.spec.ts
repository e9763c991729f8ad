import { until } from '@lastword/testkit'
import { expect } from '@playwright/test'
import { test } from './lastword-test.ts'
import { reportOf, reportsOf } from './reports.ts'

const rounds = 5

declare global {
  /** Lets the page in again. */
  var comeBack: () => Promise<void>
}

for (const upgrades of ['refused', 'held'] as const) {
  test(`WebSockets are ${upgrades}: a session opens by polling, asks, and closes from both sides`, async ({
    page,
    site,
  }) => {
    site.upgrades = upgrades
    site.adapter.onSession((session) => {
      session.handle('offer', (offer) => `answer to ${offer}`)
      session.handle('last offer', (offer) => {
        void session.close()
        return `answer to ${offer}`
      })
    })
    await page.goto(`${site.origin}/polling`)
    const results = await page.evaluate(
      async ({ url, rounds }) => {
        const results = []
        for (let round = 0; round < rounds; round++) {
          for (const name of ['offer', 'last offer']) {
            const session = lastword.connect(url, {
              signal: AbortSignal.timeout(20_000),
              fallback: lastword.polling,
              connectTimeoutMs: 100,
              reconnect: lastword.backoff({ minMs: 1, maxMs: 1 }),
            })
            const answer = await session.request(name, round)
            const { clean } = name === 'offer' ? await session.close() : await session.closed
            results.push({ answer, clean })
          }
        }
        return results
      },
      { url: site.url, rounds },
    )
    expect(results).toEqual(
      Array.from({ length: 2 * rounds }, (_, index) => ({
        answer: `answer to ${Math.floor(index / 2)}`,
        clean: true,
      })),
    )
    const reports = await reportsOf(site.sessions)
    expect(reports.map(({ clean }) => clean)).toEqual(Array(2 * rounds).fill(true))
    expect(new Set(site.posts.map(({ kind }) => kind))).toEqual(new Set(['poll']))
  })
}

test('by polling, messages of both sides arrive in order, once, though connections are cut and the server is away for a while', async ({
  page,
  site,
  openProxy,
}) => {
  const count = 50
  const { proxy, url } = await openProxy()
  site.upgrades = 'refused'
  const fromPage: unknown[] = []
  site.adapter.onSession((session) => {
    session.handle('from page', async (payload) => {
      fromPage.push(payload)
      // A browser repeats a request by itself whose connection is cut.
      if (fromPage.length % 10 === 5) proxy.cutAll('reset')
      if (fromPage.length !== count / 2) return
      await proxy.refuse(true)
      proxy.cutAll('reset')
    })
    for (let number = 0; number < count; number++) void session.send('from server', number)
  })
  await page.exposeFunction('comeBack', () => proxy.refuse(false))
  await page.goto(`${site.origin}/polling`)
  const outcome = await page.evaluate(
    async ({ url, count }) => {
      const session = lastword.connect(url, {
        signal: AbortSignal.timeout(20_000),
        fallback: lastword.polling,
        reconnect: lastword.backoff({ minMs: 1, maxMs: 10 }),
      })
      const received: unknown[] = []
      let lost = 0
      session.handle('from server', (payload) => void received.push(payload))
      session.on('recovering', () => {
        lost++
        return comeBack()
      })
      for (let number = 0; number < count; number++) await session.send('from page', number)
      return { received, lost, clean: (await session.close()).clean }
    },
    { url, count },
  )
  const numbers = Array.from({ length: count }, (_, number) => number)
  expect(outcome).toEqual({ received: numbers, lost: expect.any(Number), clean: true })
  expect(outcome.lost).toBeGreaterThan(0)
  expect(fromPage).toEqual(numbers)
  expect(site.sessions).toHaveLength(1)
  expect(site.sessions[0]?.stats().links).toBe(1 + outcome.lost)
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
})

test('a server says something at any time to a page that polls, and the page answers', async ({
  page,
  site,
}) => {
  site.upgrades = 'refused'
  await page.goto(`${site.origin}/polling`)
  const session = await page.evaluateHandle(async (url) => {
    const session = lastword.connect(url, {
      fallback: lastword.polling,
      reconnect: lastword.backoff({ minMs: 1, maxMs: 1 }),
    })
    session.handle('number', (number) => number)
    await session.opened
    return session
  }, site.url)
  const [ofServer] = site.sessions
  for (let number = 0; number < 10; number++) {
    // A round waits here, with nothing to say from either side.
    await until(() => site.posts.at(-1)?.status === 0, { what: 'a round that waits' })
    expect(await ofServer?.request('number', number)).toBe(number)
  }
  expect(ofServer?.stats().links).toBe(1)
  expect(await session.evaluate(async (session) => (await session.close()).clean)).toBe(true)
  expect(await reportOf(ofServer)).toMatchObject({ clean: true })
})

test('a page that has not asked for it does not poll: not-opened, and no POST was made', async ({
  page,
  site,
}) => {
  site.upgrades = 'refused'
  await page.goto(`${site.origin}/polling`)
  const reason = await page.evaluate(async (url) => {
    const session = lastword.connect(url, { reconnect: lastword.backoff({ minMs: 1, attemptsMax: 4 }) })
    return session.opened.catch((error) => error.reason)
  }, site.url)
  expect(reason).toBe('not-opened')
  expect(site.posts).toEqual([])
})
