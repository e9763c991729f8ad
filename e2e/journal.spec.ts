import { fileURLToPath } from 'node:url'
import { expect, type Page } from '@playwright/test'
import { build } from 'esbuild'
import { test } from './lastword-test.ts'

/** The page's program, as a bundler for browsers makes it of the sources. */
const program = build({
  entryPoints: [fileURLToPath(new URL('./journal-page.ts', import.meta.url))],
  bundle: true,
  write: false,
  format: 'iife',
  platform: 'browser',
  target: 'es2022',
  conditions: ['@lastword/source', 'browser'],
}).then(({ outputFiles }) => outputFiles[0]?.text ?? '')

async function open(page: Page, origin: string): Promise<void> {
  await page.goto(`${origin}/no-policy`)
  await page.addScriptTag({ content: await program })
}

for (const kind of ['level', 'indexeddb'] as const) {
  test(`a journal in IndexedDB keeps the contract of journals (${kind})`, async ({ page, site }) => {
    await open(page, site.origin)
    const { cases, failures } = await page.evaluate((kind) => journals.conformance(kind), kind)
    expect(failures).toEqual([])
    expect(cases).toBeGreaterThan(25)
  })
}

test('what a page had not delivered when it was reloaded is delivered by the next one, once', async ({
  page,
  site,
}) => {
  const handled: unknown[] = []
  let finish: () => void = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  site.adapter.onSession((session) => {
    session.handle('item', async (payload) => {
      handled.push(payload)
      await finished
      return 'done'
    })
  })
  await open(page, site.origin)
  await page.evaluate(async (url) => {
    const session = await journals.connect(url, { journal: journals.journalIn('sessions') })
    for (let number = 1; number <= 3; number++) session.send('item', number).catch(() => {})
    session.request('item', 4).catch(() => {})
    await session.stored()
  }, site.url)
  await expect.poll(() => handled.length).toBe(4)

  await open(page, site.origin)
  const next = page.evaluate(async (url) => {
    const journal = journals.journalIn('sessions')
    const session = await journals.connect(url, { journal })
    const results = await Promise.all(session.restored.map(({ done }) => done))
    const { clean } = await session.close()
    return { results, clean, left: (await journal.list()).length }
  }, site.url)
  await expect.poll(() => site.sessions[0]?.stats().links).toBe(2)
  finish()
  expect((await next).results.filter((result) => result !== undefined)).toEqual(['done'])
  expect(await next).toMatchObject({ clean: true, left: 0 })
  expect((await next).results).toHaveLength(4)
  expect(handled).toEqual([1, 2, 3, 4])
  expect(site.sessions).toHaveLength(1)
})

test('what was written stands, and whole writes only, wherever the process of the page ends', async ({
  context,
  site,
}) => {
  for (let round = 1; round <= 6; round++) {
    const database = `killed-${round}`
    const page = await context.newPage()
    let stands = 0
    page.on('console', (message) => {
      stands = Math.max(stands, Number(/^stands (\d+)$/.exec(message.text())?.[1] ?? 0))
    })
    await open(page, site.origin)
    page.evaluate((name) => journals.writeOnAndOn(name), database).catch(() => {})
    await expect.poll(() => stands, { intervals: [1] }).toBeGreaterThan(round * 5)
    await page.goto('chrome://crash').catch(() => {})
    await page.close()
    const next = await context.newPage()
    await open(next, site.origin)
    const last = await next.evaluate((name) => journals.lastWrite(name), database)
    expect(last).toBeGreaterThanOrEqual(stands)
    await next.close()
  }
})
