import { once } from 'node:events'
import { listen } from '@lastword/testkit'
import { expect, type Page, test } from '@playwright/test'
import { createPageServer } from './page-server.ts'

const server = createPageServer()
let origin: string

test.beforeAll(async () => {
  origin = `http://127.0.0.1:${await listen(server)}`
})

test.afterAll(async () => {
  const closed = once(server, 'close')
  server.close()
  server.closeAllConnections()
  await closed
})

/** Everything a page complains about: exceptions, refused scripts, failed loads, errors on its console. */
function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`))
  page.on('console', (message) => message.type() === 'error' && complaints.push(`console: ${message.text()}`))
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`))
  return complaints
}

test('the script-tag build defines window.lastword under a strict Content-Security-Policy', async ({
  page,
}) => {
  const complaints = complaintsOf(page)
  await page.goto(`${origin}/script-tag`)
  expect(await page.evaluate('typeof window.lastword?.connect')).toBe('function')
  expect(complaints).toEqual([])
})

test('the script-tag build defines one global and no other', async ({ page }) => {
  await page.goto(`${origin}/empty`)
  const bare = await page.evaluate<string[]>('Object.getOwnPropertyNames(window)')
  await page.goto(`${origin}/script-tag`)
  const loaded = await page.evaluate<string[]>('Object.getOwnPropertyNames(window)')
  expect(loaded.filter((name) => !bare.includes(name))).toEqual(['lastword'])
})

test('the module build is imported by a page as it is', async ({ page }) => {
  const complaints = complaintsOf(page)
  await page.goto(`${origin}/module`)
  await expect.poll(() => page.evaluate('typeof window.lastwordModule?.connect')).toBe('function')
  expect(complaints).toEqual([])
})
