import { expect } from '@playwright/test'
import { complaintsOf } from './complaints.ts'
import { test } from './lastword-test.ts'
import { reportsOf } from './reports.ts'

const rounds = 20

for (const build of ['script-tag', 'module']) {
  test(`${build}: the Answer arrives from a server that closes inside its handler, ${rounds} times`, async ({
    page,
    site,
  }) => {
    site.adapter.onSession((session) => {
      session.handle('offer', (offer) => {
        void session.close()
        return `answer to ${offer}`
      })
    })
    const complaints = complaintsOf(page)
    await page.goto(`${site.origin}/${build}`)
    const results = await page.evaluate(
      async ({ url, rounds }) => {
        const results = []
        for (let round = 0; round < rounds; round++) {
          const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
          const answer = await session.request('offer', round)
          await session.opened
          results.push({ answer, clean: (await session.closed).clean })
        }
        return results
      },
      { url: site.url, rounds },
    )
    expect(results).toEqual(
      Array.from({ length: rounds }, (_, round) => ({ answer: `answer to ${round}`, clean: true })),
    )
    const reports = await reportsOf(site.sessions)
    expect(reports.map(({ clean }) => clean)).toEqual(Array(rounds).fill(true))
    expect(complaints).toEqual([])
  })
}
