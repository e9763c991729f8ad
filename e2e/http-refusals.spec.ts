import { expect, type Page } from '@playwright/test'
import { test } from './lastword-test.ts'
import { refusedBy } from './refused.ts'

const maxBytes = 64 * 1024

test.describe('pages of another origin', () => {
  test.use({ adapterOptions: { allowedOrigins: ['https://elsewhere.example'] } })

  test('a POST of a page whose origin the server does not allow is refused in words that the page may read', async ({
    page,
    site,
    openProxy,
  }) => {
    const { proxy } = await openProxy()
    await page.goto(`${site.origin}/script-tag`)
    // To an origin that is not the page's own, for only then may the browser keep the answer from it.
    for (const kind of ['once', 'poll']) {
      expect(await post(page, `https://127.0.0.1:${proxy.port}/ws?lastword=${kind}`, '[]')).toEqual({
        status: 403,
        text: `origin-forbidden: pages of ${site.origin} may not open sessions here\n`,
      })
    }
    expect(site.sessions).toHaveLength(0)
  })

  test('polling from there: not opened, with the server’s own words, and nothing left', async ({
    page,
    site,
  }) => {
    site.upgrades = 'refused'
    await page.goto(`${site.origin}/polling`)
    expect(await refusedBy(page, site.url, { polls: true })).toMatchObject({
      opened: { name: 'HandshakeError', reason: 'not-opened' },
      says: expect.stringContaining(
        `HTTP 403: origin-forbidden: pages of ${site.origin} may not open sessions`,
      ),
      clean: false,
    })
    expect(site.sessions).toHaveLength(0)
  })
})

test.describe('a server with a small limit', () => {
  test.use({ adapterOptions: { maxBytes } })

  test('a POST that is too large is refused before it has been read, and says so', async ({ page, site }) => {
    await page.goto(`${site.origin}/script-tag`)
    const answer = await post(page, `${site.origin}/ws?lastword=once`, `["${'.'.repeat(2 * maxBytes)}"]`)
    expect(answer).toMatchObject({ status: 413, text: expect.stringMatching(/larger|longer|most/) })
    expect(site.sessions).toHaveLength(0)
  })

  test('a message that is too large is refused by polling as it is on a WebSocket, and the session goes on', async ({
    page,
    site,
  }) => {
    site.upgrades = 'refused'
    site.adapter.onSession((session) => session.handle('offer', () => 'the answer'))
    await page.goto(`${site.origin}/polling`)
    const outcome = await page.evaluate(
      async ({ url, maxBytes }) => {
        const session = lastword.connect(url, {
          fallback: lastword.polling,
          reconnect: lastword.backoff({ minMs: 1, maxMs: 1 }),
        })
        await session.opened
        const code = await session.send('offer', '.'.repeat(maxBytes)).catch((error) => error.code)
        const answer = await session.request('offer')
        return { code, answer, clean: (await session.close()).clean }
      },
      { url: site.url, maxBytes },
    )
    expect(outcome).toEqual({ code: 'payload-too-large', answer: 'the answer', clean: true })
  })
})

test('a POST that comes twice is handled once', async ({ page, site }) => {
  const handled: unknown[] = []
  site.adapter.onSession((session) => session.handle('item', (payload) => void handled.push(payload)))
  await page.goto(`${site.origin}/script-tag`)
  const hello = {
    t: 'hello',
    v: 1,
    sid: 'a-session-of-a-page-that-has-gone',
    key: 'a-key-of-a-page-that-has-gone',
    link: 1,
    fresh: true,
    got: 0,
    window: { messages: 1024, bytes: 4194304 },
  }
  const messages = [1, 2, 3].map((seq) => ({ t: 'msg', seq, id: `item-${seq}`, ch: 'item', d: seq }))
  const body = JSON.stringify([hello, ...messages])
  for (let time = 0; time < 2; time++) {
    expect(await post(page, `${site.origin}/ws?lastword=once`, body)).toMatchObject({ status: 200 })
  }
  expect(handled).toEqual([1, 2, 3])
  expect(site.sessions).toHaveLength(1)
})

/** What a page does to send what is left of a session, and what it is told. */
function post(page: Page, url: string, body: string): Promise<{ status: number; text: string }> {
  return page.evaluate(
    async ({ url, body }) => {
      const headers = { 'content-type': 'text/plain' }
      const response = await fetch(url, { method: 'POST', body, headers, credentials: 'include' })
      return { status: response.status, text: await response.text() }
    },
    { url, body },
  )
}
