import { createServer } from 'node:net'
import { listen } from '@lastword/testkit'
import { expect } from '@playwright/test'
import { WebSocketServer } from 'ws'
import { test } from './lastword-test.ts'
import { refusedBy } from './refused.ts'

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
  expect(JSON.stringify(outcome)).not.toContain('secret')
  expect(outcome).toEqual({
    opened: { name: 'HandshakeError', code: 'handshake-failed', reason: 'not-opened', isLastwordError: true },
    says: expect.stringMatching(/^no connection.* network panel/),
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
    says: expect.stringMatching(
      /^no connection: .* insecure WebSocket connection may not be initiated from a page loaded over HTTPS/,
    ),
    fate: 'not-sent',
    clean: false,
  })
})

test.describe('pages of another origin', () => {
  test.use({ adapterOptions: { allowedOrigins: ['https://elsewhere.example'] } })

  test('a page whose origin the server does not allow: origin-forbidden, and the server says which one it was', async ({
    page,
    site,
  }) => {
    const refused = new Promise((resolve) => site.adapter.on('refused', resolve))
    await page.goto(`${site.origin}/script-tag`)
    expect(await refusedBy(page, site.url)).toMatchObject({
      opened: { name: 'SessionClosedError', code: 'session-closed' },
      says: expect.stringContaining(`origin-forbidden: pages of ${site.origin} may not open sessions here`),
      fate: 'unknown',
      clean: false,
    })
    expect(await refused).toMatchObject({
      code: 'origin-forbidden',
      reason: `pages of ${site.origin} may not open sessions here`,
    })
    expect(site.sessions).toHaveLength(0)
  })
})
