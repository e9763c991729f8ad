import type { ProxyConnection } from '@lastword/testkit'
import { expect, type Page } from '@playwright/test'
import { test } from './lastword-test.ts'
import { reportOf } from './reports.ts'

/** Cuts in each direction, spread evenly over everything that a conversation sends: the TLS handshake to the close. */
const cuts = 16

for (const way of ['toServer', 'toClient'] as const) {
  test(`a first connection that is cut ${way}, at ${cuts} places one after another: handled once, both clean`, async ({
    page,
    site,
    openProxy,
  }) => {
    const offers: unknown[] = []
    site.adapter.onSession((session) => {
      session.handle('offer', (offer) => {
        offers.push(offer)
        void session.close()
        return `answer to ${offer}`
      })
    })
    const connections: ProxyConnection[] = []
    let cutAt: number | undefined
    const { url } = await openProxy((connection) => {
      connections.push(connection)
      if (cutAt !== undefined) connection[way].cutAfter(cutAt, 'reset')
      cutAt = undefined
    })
    await page.goto(`${site.origin}/script-tag`)

    // The second TLS handshake is an abbreviated one: the server says less in it, and the page more.
    await converse(page, url, 0)
    await converse(page, url, 1)
    const bytes = Math.min(...connections.map((connection) => connection[way].bytesForwarded))

    for (let cut = 1; cut <= cuts; cut++) {
      const first = connections.length
      const cutHere = Math.floor((bytes * cut) / (cuts + 1))
      cutAt = cutHere
      await test.step(`cut after ${cutHere} of ${bytes} bytes`, async () => {
        const answer = `answer to ${cut + 1}`
        expect(await converse(page, url, cut + 1)).toEqual({ answer, clean: true })
        expect(await reportOf(site.sessions[cut + 1])).toMatchObject({ clean: true })
        expect(connections[first]?.[way].bytesForwarded).toBe(cutHere)
      })
    }
    expect(site.sessions).toHaveLength(cuts + 2)
    expect(offers).toEqual(Array.from({ length: cuts + 2 }, (_, offer) => offer))
  })
}

function converse(page: Page, url: string, offer: number): Promise<{ answer: unknown; clean: boolean }> {
  return page.evaluate(
    async ({ url, offer }) => {
      const session = lastword.connect(url, {
        signal: AbortSignal.timeout(10_000),
        reconnect: lastword.backoff({ minMs: 1, maxMs: 50 }),
      })
      const answer = await session.request('offer', offer)
      return { answer, clean: (await session.closed).clean }
    },
    { url, offer },
  )
}
