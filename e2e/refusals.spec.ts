import { createServer } from 'node:net'
import { listen } from '@lastword/testkit'
import { expect, type Page } from '@playwright/test'
import { WebSocketServer } from 'ws'
import { test } from './lastword-test.ts'

test('nobody listens: opened rejects with a HandshakeError that says so, and nothing is left pending', async ({
  page,
  site,
}) => {
  const nobody = createServer()
  const port = await listen(nobody)
  await new Promise((resolve) => nobody.close(resolve))
  await page.goto(`${site.origin}/script-tag`)
  const url = `wss://127.0.0.1:${port}/ws`
  const outcome = await refusedBy(page, `${url}?token=secret`)
  expect(outcome).toEqual({
    opened: { name: 'HandshakeError', code: 'handshake-failed', reason: 'not-opened', isLastwordError: true },
    message: `no connection to ${url} could be made; the browser does not say why`,
    // The message was in the upgrade request, and the browser does not say whether that reached anybody.
    fate: 'unknown',
    clean: false,
  })
  expect(await refusedBy(page, url, { early: false })).toMatchObject({ fate: 'not-sent', clean: false })
})

test('a WebSocket server that selects no subprotocol: not-opened', async ({ page, site }) => {
  const url = site.mount('/plain', new WebSocketServer({ noServer: true, handleProtocols: () => false }))
  await page.goto(`${site.origin}/script-tag`)
  expect(await refusedBy(page, url)).toMatchObject({
    opened: { name: 'HandshakeError', reason: 'not-opened' },
    clean: false,
  })
})

test('a server that refuses the upgrade: not-opened', async ({ page, site }) => {
  await page.goto(`${site.origin}/script-tag`)
  expect(await refusedBy(page, `${site.url}/elsewhere`)).toMatchObject({
    opened: { name: 'HandshakeError', reason: 'not-opened' },
    clean: false,
  })
})

test('a WebSocket server that selects whatever is offered and never says welcome: no-welcome', async ({
  page,
  site,
}) => {
  const url = site.mount('/mute', new WebSocketServer({ noServer: true }))
  await page.goto(`${site.origin}/script-tag`)
  expect(await refusedBy(page, url)).toMatchObject({
    opened: { name: 'HandshakeError', reason: 'no-welcome' },
    fate: 'unknown',
    clean: false,
  })
})

test('a page that may not connect there by its own policy: not-opened', async ({ page, site }) => {
  await page.goto(`${site.origin}/script-tag`)
  expect(await refusedBy(page, `wss://localhost:${site.port}/ws`)).toMatchObject({
    opened: { name: 'HandshakeError', reason: 'not-opened' },
    clean: false,
  })
  expect(site.sessions).toHaveLength(0)
})

test('an address for which the browser makes no WebSocket at all: not-opened, and nothing left', async ({
  page,
  site,
}) => {
  await page.goto(`${site.origin}/no-policy`)
  // Mixed content: the constructor throws.
  expect(await refusedBy(page, 'ws://insecure.test/ws')).toMatchObject({
    opened: { name: 'HandshakeError', reason: 'not-opened' },
    fate: 'not-sent',
    clean: false,
  })
})

/** Tries once to open a session at `url`, with a message in it, and says how that failed. */
function refusedBy(page: Page, url: string, { early = true } = {}) {
  return page.evaluate(
    async ({ url, early }) => {
      const session = lastword.connect(url, {
        signal: AbortSignal.timeout(10_000),
        reconnect: lastword.backoff({ attemptsMax: 1 }),
        welcomeTimeoutMs: 200,
        early,
      })
      const sent = session.send('offer', 1)
      const [opened, message] = await Promise.allSettled([session.opened, sent])
      const error = opened.status === 'rejected' ? opened.reason : undefined
      const { clean } = await session.closed
      return {
        opened: {
          name: error?.name,
          code: error?.code,
          reason: error?.reason,
          isLastwordError: error instanceof lastword.LastwordError,
        },
        message: error?.message,
        fate: message.status === 'rejected' ? message.reason.fate : undefined,
        clean,
      }
    },
    { url, early },
  )
}
