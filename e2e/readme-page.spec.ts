import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { createAdapter } from '@lastword/server-adapter'
import { expect, test } from '@playwright/test'
import { WebSocketServer } from 'ws'
import { packed } from './packed.ts'

/** The page that the README shows, beside the built script and a server like the README's; only the port is another one. */
test('the page of the README shows the answer', async ({ page }) => {
  const adapter = createAdapter()
  adapter.onSession((session) => {
    session.handle('offer', ({ sdp }: { sdp: string }) => {
      void session.close()
      return { sdp: `the answer to ${sdp}` }
    })
  })
  const html = await readFile(
    fileURLToPath(new URL('../examples/quickstart/page.html', import.meta.url)),
    'utf8',
  )
  const script = await readFile(packed('sdk/dist/lastword.global.js'))
  const server = createServer((request, response) => {
    const { port } = server.address() as AddressInfo
    if (request.url === '/lastword.global.js')
      response.setHeader('content-type', 'text/javascript').end(script)
    else
      response.setHeader('content-type', 'text/html').end(html.replace('localhost:8080', `127.0.0.1:${port}`))
  })
  const wss = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
  wss.on('connection', adapter.connection())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
    await expect(page.locator('output')).toHaveText('the answer to my offer')
  } finally {
    await adapter.shutdown({ deadlineMs: 5_000 })
    server.closeAllConnections()
    server.close()
  }
})
