import { expect, type Page } from '@playwright/test'
import { complaintsOf } from './complaints.ts'
import { test } from './lastword-test.ts'
import type { Site } from './site.ts'

/** What is wrong with a page's IndexedDB has an error of its own, and the session goes on without its journal. */

/** How long a database may take to open that is expected to do so, in ms. */
const patientMs = 20_000

/** Connects with a journal, and asks the server for an echo. Returns what the page was told. */
function converse(page: Page, site: Site, openTimeoutMs = patientMs) {
  return page.evaluate(
    async ({ url, openTimeoutMs }) => {
      const journal = lastword.indexedDbJournal({ openTimeoutMs })
      const session = await lastword.connect(url, { journal })
      const warnings: Array<{ code: string; message: string; remedy?: string | undefined }> = []
      session.on('warning', ({ code, message, remedy }) => warnings.push({ code, message, remedy }))
      const echo = await session.request('echo', 'still there')
      const stored = await session.stored().then(
        () => 'stored',
        ({ code }: { code: string }) => code,
      )
      const { clean } = await session.close()
      return {
        warnings,
        echo,
        stored,
        clean,
        left: stored === 'stored' ? (await journal.list().catch(() => [])).length : -1,
      }
    },
    { url: site.url, openTimeoutMs },
  )
}

/** What `connect` rejects with where nobody wants to go on without the journal. */
function refusal(
  page: Page,
  site: Site,
  openTimeoutMs = patientMs,
): Promise<{ code: string; remedy: string } | undefined> {
  return page.evaluate(
    async ({ url, openTimeoutMs }) => {
      const journal = lastword.indexedDbJournal({ openTimeoutMs })
      try {
        await lastword.connect(url, { journal, onJournalFailure: 'end' })
      } catch (error) {
        const { code, remedy } = error as { code: string; remedy: string }
        return { code, remedy }
      }
      return undefined
    },
    { url: site.url, openTimeoutMs },
  )
}

function goesOn(code: string) {
  return {
    warnings: [{ code, message: expect.any(String), remedy: expect.stringMatching(/\w/) }],
    echo: 'still there',
    stored: code,
    clean: true,
    left: -1,
  }
}

test.beforeEach(({ site }) => {
  site.adapter.onSession((session) => session.handle('echo', (value) => value))
})

test('a page without IndexedDB, as in some private windows', async ({ page, site }) => {
  const complaints = complaintsOf(page)
  await page.addInitScript(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }))
  await page.goto(`${site.origin}/journal`)
  expect(await converse(page, site)).toEqual(goesOn('journal-unavailable'))
  expect(await refusal(page, site)).toMatchObject({ code: 'journal-unavailable' })
  expect(complaints).toEqual([])
})

test('a page that may not use IndexedDB', async ({ page, site }) => {
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException('The operation is insecure.', 'SecurityError')
    }
  })
  await page.goto(`${site.origin}/journal`)
  expect(await converse(page, site)).toEqual(goesOn('journal-unavailable'))
})

test('a database that does not open, for another page is deleting it', async ({ page, context, site }) => {
  const other = await context.newPage()
  await other.goto(`${site.origin}/empty`)
  await other.evaluate(
    () =>
      new Promise<void>((resolve) => {
        // This connection does not mind that the database is to be deleted, so that the deletion waits for it.
        indexedDB.open('lastword', 1).onsuccess = () => {
          indexedDB.deleteDatabase('lastword').onblocked = () => resolve()
        }
      }),
  )
  await page.goto(`${site.origin}/journal`)
  expect(await converse(page, site, 1_000)).toEqual(goesOn('journal-blocked'))
  expect(await refusal(page, site, 1_000)).toMatchObject({ code: 'journal-blocked' })
  // Once it is out of the way the same journal is there.
  await other.close()
  await expect
    .poll(() => converse(page, site, 1_000))
    .toMatchObject({ warnings: [], stored: 'stored', left: 0 })
})

test('a database of a newer version, and one of somebody else', async ({ page, site }) => {
  for (const [version, code] of [
    [7, 'journal-incompatible'],
    [1, 'journal-incompatible'],
  ] as const) {
    await page.goto(`${site.origin}/empty`)
    await page.evaluate(
      (version) =>
        new Promise<void>((resolve) => {
          indexedDB.deleteDatabase('lastword').onsuccess = () => {
            const request = indexedDB.open('lastword', version)
            request.onupgradeneeded = () => request.result.createObjectStore('pictures')
            request.onsuccess = () => {
              request.result.close()
              resolve()
            }
          }
        }),
      version,
    )
    await page.goto(`${site.origin}/journal`)
    expect(await converse(page, site)).toEqual(goesOn(code))
  }
})

test('a quota that is used up in the middle of a session', async ({ page, site }) => {
  const handled: number[] = []
  site.adapter.onSession((session) => {
    session.handle('large', (value) => void handled.push((value as string).length))
  })
  await page.goto(`${site.origin}/journal`)
  // Set before the first write: Chromium asks for the quota now and then, and counts for itself in between.
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Storage.overrideQuotaForOrigin', { origin: site.origin, quotaSize: 100_000 })
  await page.evaluate(async (url) => {
    const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
    await session.send('large', 'x')
    await session.stored()
    Object.assign(globalThis, { session })
  }, site.url)
  const outcome = await page.evaluate(async () => {
    const { session } = globalThis as unknown as { session: import('@lastword/sdk').Session }
    const warnings: string[] = []
    session.on('warning', ({ code }) => warnings.push(code))
    await Promise.all([1, 2, 3].map((_, at) => session.send('large', 'x'.repeat(200_000 + at))))
    const stored = await session.stored().catch(({ code }: { code: string }) => code)
    const { clean } = await session.close()
    return { warnings, stored, clean }
  })
  expect(outcome).toEqual({ warnings: ['journal-full'], stored: 'journal-full', clean: true })
  expect(handled).toEqual([1, 200_000, 200_001, 200_002])
  expect(site.sessions).toHaveLength(1)
})

test('the data of the site is deleted in the middle of a session', async ({ page, site }) => {
  await page.goto(`${site.origin}/journal`)
  await page.evaluate(async (url) => {
    const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
    await session.request('echo', 1)
    await session.stored()
    Object.assign(globalThis, { session })
  }, site.url)
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Storage.clearDataForOrigin', { origin: site.origin, storageTypes: 'indexeddb' })
  const outcome = await page.evaluate(async (url) => {
    const { session } = globalThis as unknown as { session: import('@lastword/sdk').Session }
    const warnings: string[] = []
    session.on('warning', ({ code }) => warnings.push(code))
    const echo = await session.request('echo', 2)
    const { clean } = await session.close()
    // The next session has a journal again.
    const journal = lastword.indexedDbJournal()
    const next = await lastword.connect(url, { journal })
    await next.stored()
    return { warnings, echo, clean, kept: (await journal.list()).map(({ sid }) => sid === next.id) }
  }, site.url)
  expect(outcome).toEqual({ warnings: ['journal-unavailable'], echo: 2, clean: true, kept: [true] })
})

/** Leaves a session with three messages that nobody has taken, and changes what is stored of it. */
async function leaveBroken(page: Page, site: Site, how: 'no session' | 'a message gone' | 'no message') {
  await page.goto(`${site.origin}/journal`)
  const sid = await page.evaluate(async (origin) => {
    const session = await lastword.connect(`${origin}/nobody-listens`, {
      journal: lastword.indexedDbJournal(),
    })
    for (let number = 1; number <= 3; number++) session.send('number', number).catch(() => {})
    await session.stored()
    await lastword.indexedDbJournal().close()
    return session.id
  }, site.origin)
  await page.evaluate(
    async ({ sid, how, url }) => {
      const database = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open('lastword')
        request.onsuccess = () => resolve(request.result)
      })
      const transaction = database.transaction(['sessions', 'messages'], 'readwrite')
      const sessions = transaction.objectStore('sessions')
      await new Promise((resolve) => {
        sessions.get(sid).onsuccess = ({ target }) => {
          const { record, ...rest } = (target as IDBRequest).result
          sessions.put(how === 'no session' ? { v: 1 } : { record: { ...record, url }, ...rest }, sid)
          if (how === 'a message gone') transaction.objectStore('messages').delete([sid, 2])
          if (how === 'no message') transaction.objectStore('messages').put({ id: 7 }, [sid, 2])
          transaction.oncomplete = resolve
        }
      })
      database.close()
    },
    { sid, how, url: site.url },
  )
  return sid
}

for (const how of ['no session', 'a message gone', 'no message'] as const) {
  test(`what is stored of a session is corrupt: ${how}`, async ({ page, site }) => {
    const sid = await leaveBroken(page, site, how)
    await page.goto(`${site.origin}/journal`)
    const outcome = await converse(page, site)
    // One session that cannot be read takes the journal from no other.
    expect(outcome).toMatchObject({ echo: 'still there', stored: 'stored', clean: true })
    expect(outcome.warnings).toEqual([
      {
        code: 'journal-corrupt',
        message: expect.stringContaining(sid),
        remedy: expect.stringContaining('forget'),
      },
    ])
    await page.evaluate(
      ({ sid, openTimeoutMs }) => lastword.indexedDbJournal({ openTimeoutMs }).forget(sid),
      { sid, openTimeoutMs: patientMs },
    )
    expect(await converse(page, site)).toMatchObject({ warnings: [], stored: 'stored', left: 0 })
  })
}

test('a page without Web Locks keeps its session, and is warned', async ({ page, site }) => {
  await page.addInitScript(() => Object.defineProperty(navigator, 'locks', { value: undefined }))
  await page.goto(`${site.origin}/journal`)
  expect(await converse(page, site)).toMatchObject({
    warnings: [{ code: 'journal-unavailable', message: expect.stringContaining('Web Locks') }],
    stored: 'stored',
    left: 0,
  })
})

test('a warning that nobody listens for stands on the console, and is no error there', async ({
  page,
  site,
}) => {
  const complaints = complaintsOf(page)
  const warnings: string[] = []
  page.on('console', (message) => message.type() === 'warning' && warnings.push(message.text()))
  await page.addInitScript(() => Object.defineProperty(globalThis, 'indexedDB', { value: undefined }))
  await page.goto(`${site.origin}/journal`)
  await page.evaluate(async (url) => {
    const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
    await session.request('echo', 1)
    await session.close()
  }, site.url)
  expect(warnings).toEqual([expect.stringContaining('no IndexedDB')])
  expect(complaints).toEqual([])
})
