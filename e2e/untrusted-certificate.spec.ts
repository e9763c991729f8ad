import { createServer } from 'node:http'
import { listen } from '@lastword/testkit'
import { expect } from '@playwright/test'
import { chromiumWithoutTrust } from './chromium-launch.ts'
import { test } from './lastword-test.ts'
import { servePages } from './page-server.ts'
import { refusedBy } from './refused.ts'

test.use({ launchOptions: chromiumWithoutTrust })

test('a server whose certificate nobody has signed: not-opened, with what to look at', async ({
  page,
  site,
}) => {
  // The browser would not show a page of that server either.
  const pages = createServer(servePages())
  const port = await listen(pages)
  try {
    await page.goto(`http://127.0.0.1:${port}/script-tag`)
    const errors: string[] = []
    page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
    expect(await refusedBy(page, site.url)).toMatchObject({
      opened: { name: 'HandshakeError', reason: 'not-opened' },
      says: expect.stringMatching(/^no connection.* network panel/),
      clean: false,
    })
    // What the browser tells the person, and no script.
    expect(errors.join()).toContain('ERR_CERT_AUTHORITY_INVALID')
    expect(site.sessions).toHaveLength(0)
  } finally {
    pages.closeAllConnections()
    pages.close()
  }
})
