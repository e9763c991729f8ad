import { expect, type Page } from '@playwright/test'
import { chromiumWithCache } from './chromium-launch.ts'
import { complaintsOf } from './complaints.ts'
import { test } from './lastword-test.ts'
import { reportOf } from './reports.ts'
import type { Site } from './site.ts'

/** Sessions that outlive their pages: the script-tag build with the journal in IndexedDB. */

test.use({ launchOptions: chromiumWithCache, adapterOptions: { window: { messages: 4, bytes: 65_536 } } })

/** Numbers that the server is given, in order; from `holdFrom` on it does not finish with them before `finish`. */
function takeNumbers(site: Site, holdFrom = Number.POSITIVE_INFINITY) {
  const numbers: number[] = []
  const redelivered: number[] = []
  let finish: () => void = () => {}
  const finished = new Promise<void>((resolve) => {
    finish = resolve
  })
  site.adapter.onSession((session) => {
    session.handle('number', async (value, message) => {
      numbers.push(value as number)
      if (message.redelivered) redelivered.push(value as number)
      if ((value as number) >= holdFrom) await finished
    })
  })
  return { numbers, redelivered, finish }
}

/** Opens a session in the page, and sends numbers; resolves when the journal has them. */
async function send(page: Page, site: Site, from: number, to: number): Promise<string> {
  await page.goto(`${site.origin}/journal`)
  return page.evaluate(
    async ({ url, from, to }) => {
      const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
      // Only then the page knows how little the server takes at a time.
      await session.opened
      for (let number = from; number <= to; number++) session.send('number', number).catch(() => {})
      await session.stored()
      return session.id
    },
    { url: site.url, from, to },
  )
}

const oneTo = (last: number) => Array.from({ length: last }, (_, at) => at + 1)

test('the script with the journal adds to lastword under a strict policy, and defines nothing else', async ({
  page,
  site,
}) => {
  const complaints = complaintsOf(page)
  await page.goto(`${site.origin}/empty`)
  const bare = await page.evaluate<string[]>('Object.getOwnPropertyNames(window)')
  await page.goto(`${site.origin}/journal`)
  const loaded = await page.evaluate<string[]>('Object.getOwnPropertyNames(window)')
  expect(loaded.filter((name) => !bare.includes(name))).toEqual(['lastword'])
  expect(await page.evaluate('[typeof lastword.connect, typeof lastword.indexedDbJournal]')).toEqual([
    'function',
    'function',
  ])
  expect(complaints).toEqual([])
})

test('the module with the journal goes with the module of the client', async ({ page, site }) => {
  const { numbers } = takeNumbers(site)
  const complaints = complaintsOf(page)
  await page.goto(`${site.origin}/module`)
  const outcome = await page.evaluate(async (url) => {
    const at = '/lastword.journal.esm.js'
    const { indexedDbJournal }: typeof import('@lastword/sdk/journal-indexeddb') = await import(at)
    const session = await lastword.connect(url, { journal: indexedDbJournal() })
    await session.send('number', 1)
    await session.stored()
    return (await session.close()).clean
  }, site.url)
  expect(outcome).toBe(true)
  expect(numbers).toEqual([1])
  expect(complaints).toEqual([])
})

test('a page without the client of its journal is told what to load', async ({ page, site }) => {
  await page.goto(`${site.origin}/journal`)
  const error = await page.evaluate(async (url) => {
    try {
      await lastword.connect(url, { journal: {} as never })
    } catch (error) {
      const { code, message, remedy = '' } = error as { code: string; message: string; remedy?: string }
      return { code, words: `${message} ${remedy}` }
    }
    return undefined
  }, site.url)
  expect(error).toMatchObject({
    code: 'argument-invalid',
    words: expect.stringContaining('indexedDbJournal()'),
  })
})

test('a transfer goes on where a reload has cut it off: each message once, and in order', async ({
  page,
  site,
}) => {
  const { numbers, finish } = takeNumbers(site, 50)
  const id = await send(page, site, 1, 200)
  await expect.poll(() => numbers.length).toBe(53)

  await page.reload()
  const next = page.evaluate(async (url) => {
    const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
    for (let number = 201; number <= 250; number++) session.send('number', number).catch(() => {})
    const restored = session.restored.length
    await Promise.all(session.restored.map(({ done }) => done))
    const { clean } = await session.close()
    return { id: session.id, restored, clean, left: (await lastword.indexedDbJournal().list()).length }
  }, site.url)
  await expect.poll(() => site.sessions[0]?.stats().links).toBe(2)
  finish()
  expect(await next).toEqual({ id, restored: 151, clean: true, left: 0 })
  expect(numbers).toEqual(oneTo(250))
  expect(site.sessions).toHaveLength(1)
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
})

test('a transfer over pages that are reloaded and crash again and again: each message once, and in order', async ({
  context,
  site,
}) => {
  const numbers: number[] = []
  site.adapter.onSession((session) => {
    session.handle('number', (value) => void numbers.push(value as number))
    session.handle('next', () => numbers.length + 1)
  })
  const rounds = 10
  let page = await context.newPage()
  const ids = new Set<string>()
  for (let round = 1; round <= rounds; round++) {
    if (round % 3 === 0) {
      await page.goto('chrome://crash').catch(() => {})
      await page.close()
      page = await context.newPage()
    }
    // A page whose address is the same is reloaded by this.
    await page.goto(`${site.origin}/journal`)
    ids.add(
      await page.evaluate(async (url) => {
        const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
        // What pages before have left is handled before this is.
        let number = (await session.request('next')) as number
        const more = () => {
          for (let count = 0; count < 20; count++) session.send('number', number++).catch(() => {})
          setTimeout(more, 1)
        }
        more()
        return session.id
      }, site.url),
    )
    const enough = numbers.length + round * 7
    await expect.poll(() => numbers.length, { intervals: [5] }).toBeGreaterThan(enough)
  }
  await page.goto(`${site.origin}/journal`)
  const clean = await page.evaluate(async (url) => {
    const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
    await session.request('next')
    return (await session.close()).clean
  }, site.url)
  expect(clean).toBe(true)
  expect(numbers).toEqual(oneTo(numbers.length))
  expect(ids.size).toBe(1)
  expect(site.sessions).toHaveLength(1)
})

test('what a page sends as it goes arrives in its place or not at all, and nothing else is disturbed by it', async ({
  page,
  site,
}) => {
  const { numbers } = takeNumbers(site)
  await page.goto(`${site.origin}/journal`)
  const id = await page.evaluate(async (url) => {
    const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
    await session.send('number', 1)
    await session.stored()
    addEventListener('pagehide', () => void session.send('number', 2).catch(() => {}))
    return session.id
  }, site.url)
  await page.reload()
  const next = await page.evaluate(async (url) => {
    const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
    await session.send('number', 3)
    return { id: session.id, clean: (await session.close()).clean }
  }, site.url)
  expect(next).toEqual({ id, clean: true })
  // The browser may end the page before it has taken the write: only what `stored()` has resolved for is sure to be there.
  expect([
    [1, 2, 3],
    [1, 3],
  ]).toContainEqual(numbers)
})

for (const [how, end] of [
  ['crashes', (page: Page) => page.goto('chrome://crash').catch(() => {})],
  ['is closed', (page: Page) => page.close()],
] as const) {
  test(`of two tabs one ${how}: the other one delivers what was left, and keeps its own session`, async ({
    context,
    site,
  }) => {
    const { numbers, finish } = takeNumbers(site, 1)
    const [first, second] = [await context.newPage(), await context.newPage()]
    const firstId = await send(first, site, 1, 10)
    const secondId = await send(second, site, 11, 12)
    expect(secondId).not.toBe(firstId)
    await expect.poll(() => numbers.length).toBe(6)

    await end(first)
    await expect.poll(() => site.sessions[0]?.stats().links, { timeout: 15_000 }).toBe(2)
    finish()
    expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true, code: 'finished' })
    expect(numbers.filter((number) => number <= 10)).toEqual(oneTo(10))
    expect(numbers.filter((number) => number > 10)).toEqual([11, 12])
    expect(site.sessions.map(({ id, state }) => [id, state])).toEqual([
      [firstId, 'closed'],
      [secondId, 'open'],
    ])
    await expect
      .poll(() =>
        second.evaluate(async () => (await lastword.indexedDbJournal().list()).map(({ sid }) => sid)),
      )
      .toEqual([secondId])
  })
}

test('of two tabs one is reloaded: it has its session again, and the other one leaves it alone', async ({
  context,
  site,
}) => {
  const { numbers, finish } = takeNumbers(site, 1)
  const [first, second] = [await context.newPage(), await context.newPage()]
  const firstId = await send(first, site, 1, 6)
  const secondId = await send(second, site, 11, 12)
  await expect.poll(() => numbers.length).toBe(6)
  for (let reloads = 1; reloads <= 4; reloads++) {
    await first.goto(`${site.origin}/journal`)
    const id = await first.evaluate(async (url) => {
      const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
      await session.opened
      return session.id
    }, site.url)
    expect(id).toBe(firstId)
  }
  finish()
  await expect.poll(() => numbers.length).toBe(8)
  expect(site.sessions.map(({ id, state }) => [id, state])).toEqual([
    [firstId, 'open'],
    [secondId, 'open'],
  ])
})

test('a session that is named is taken from the page that has it, which learns that it goes on elsewhere', async ({
  context,
  site,
}) => {
  const { numbers, finish } = takeNumbers(site, 1)
  const [first, second] = [await context.newPage(), await context.newPage()]
  const id = await send(first, site, 1, 6)
  await expect.poll(() => numbers.length).toBe(4)
  await first.evaluate(async (url) => {
    // The journal knows nothing of sessions: this one is got by its name, in the same page first.
    const journal = lastword.indexedDbJournal()
    const [record] = await journal.list()
    const session = await lastword.connect(url, { journal, sessionId: record?.sid as string })
    Object.assign(globalThis, { session })
  }, site.url)
  await second.goto(`${site.origin}/journal`)
  const taken = second.evaluate(
    async ({ url, sessionId }) => {
      const journal = lastword.indexedDbJournal()
      const session = await lastword.connect(url, { journal, sessionId })
      await session.send('number', 7)
      return (await session.close()).clean
    },
    { url: site.url, sessionId: id },
  )
  const code = await first.evaluate(async () => {
    const { session } = globalThis as unknown as { session: import('@lastword/sdk').Session }
    return (await session.closed).code
  })
  finish()
  expect(code).toBe('superseded')
  expect(await taken).toBe(true)
  expect(numbers).toEqual(oneTo(7))
})

test('of three sessions that are left behind the next page has the last one, and finishes the others', async ({
  context,
  site,
}) => {
  const { numbers, finish } = takeNumbers(site, 1)
  // Of one page, so that they are left behind at once: a page that lived on would finish them.
  const first = await context.newPage()
  await first.goto(`${site.origin}/journal`)
  const ids = await first.evaluate(async (url) => {
    const ids: string[] = []
    for (const from of [1, 11, 21]) {
      const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
      await session.opened
      for (let number = from; number < from + 6; number++) session.send('number', number).catch(() => {})
      await session.stored()
      ids.push(session.id)
    }
    return ids
  }, site.url)
  await expect.poll(() => numbers.length).toBe(12)
  await first.goto('chrome://crash').catch(() => {})

  const page = await context.newPage()
  finish()
  await page.goto(`${site.origin}/journal`)
  const own = await page.evaluate(async (url) => {
    const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
    await session.send('number', 100)
    return session.id
  }, site.url)
  expect(own).toBe(ids[2])
  for (const session of site.sessions.slice(0, 2))
    expect(await reportOf(session)).toMatchObject({ clean: true })
  expect(site.sessions.map(({ id, state }) => [id, state])).toEqual([
    [ids[0], 'closed'],
    [ids[1], 'closed'],
    [ids[2], 'open'],
  ])
  expect(numbers.sort((a, b) => a - b)).toEqual([
    1, 2, 3, 4, 5, 6, 11, 12, 13, 14, 15, 16, 21, 22, 23, 24, 25, 26, 100,
  ])
})

test("a session that was being closed when its page went is finished, and is not the next page's own", async ({
  page,
  site,
}) => {
  const { numbers, finish } = takeNumbers(site, 1)
  const id = await send(page, site, 1, 3)
  await page.evaluate(async (url) => {
    const journal = lastword.indexedDbJournal()
    const session = await lastword.connect(url, { journal })
    session.send('number', 4).catch(() => {})
    void session.close()
    await session.stored()
  }, site.url)
  await expect.poll(() => numbers.length).toBe(4)
  await page.reload()
  finish()
  const next = await page.evaluate(async (url) => {
    const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
    await session.send('number', 5)
    return session.id
  }, site.url)
  expect(next).toBe(id)
  expect(await reportOf(site.sessions[1])).toMatchObject({ clean: true })
  expect(numbers).toEqual([1, 2, 3, 4, 5])
})

test('of many sessions that are left behind four are finished at a time', async ({ context, site }) => {
  const { numbers, finish } = takeNumbers(site, 1)
  const first = await context.newPage()
  await first.goto(`${site.origin}/journal`)
  await first.evaluate(async (url) => {
    for (let number = 1; number <= 8; number++) {
      const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
      session.send('number', number).catch(() => {})
      await session.stored()
    }
  }, site.url)
  await expect.poll(() => numbers.length).toBe(8)
  await first.goto('chrome://crash').catch(() => {})

  const page = await context.newPage()
  await page.goto(`${site.origin}/journal`)
  await page.evaluate(async (url) => {
    const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
    Object.assign(globalThis, { session })
  }, site.url)
  const resumed = () => site.sessions.filter((session) => session.stats().links > 1).length
  await expect.poll(resumed).toBe(5)
  const left = () => page.evaluate(async () => (await lastword.indexedDbJournal().list()).length)
  expect(await left()).toBe(8)
  expect(resumed()).toBe(5)
  finish()
  await expect.poll(left).toBe(1)
  expect(numbers.sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  expect(site.sessions.filter(({ state }) => state === 'open')).toHaveLength(1)
})

test.describe('where the server has forgotten the session', () => {
  test.use({ adapterOptions: { ttlMs: 100 } })

  test('what was left in it goes into the session of the next page, marked as sent before', async ({
    context,
    site,
  }) => {
    const page = await context.newPage()
    const { numbers, redelivered, finish } = takeNumbers(site, 1)
    const id = await send(page, site, 1, 3)
    await expect.poll(() => numbers.length).toBe(3)
    await page.close()
    expect(await reportOf(site.sessions[0])).toMatchObject({ code: 'expired' })
    finish()
    const next = await context.newPage()
    await next.goto(`${site.origin}/empty`)
    // So long ago that no server is expected to know it any more.
    await next.evaluate(async (sid) => {
      const database = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open('lastword')
        request.onsuccess = () => resolve(request.result)
      })
      const transaction = database.transaction(['sessions', 'left'], 'readwrite')
      const store = transaction.objectStore('sessions')
      transaction.objectStore('left').clear()
      await new Promise((resolve) => {
        store.get(sid).onsuccess = ({ target }) => {
          const session = (target as IDBRequest).result
          store.put({ ...session, writtenAt: Date.now() - 3_600_000 }, sid).onsuccess = resolve
        }
      })
      database.close()
    }, id)
    await next.goto(`${site.origin}/journal`)
    const own = await next.evaluate(async (url) => {
      const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
      await session.opened
      return session.id
    }, site.url)
    expect(own).not.toBe(id)
    await expect.poll(() => numbers).toEqual([1, 2, 3, 1, 2, 3])
    expect(redelivered).toEqual([1, 2, 3])
    await expect
      .poll(() => next.evaluate(async () => (await lastword.indexedDbJournal().list()).map(({ sid }) => sid)))
      .toEqual([own])
  })
})

test('a page with a journal goes into the back-forward cache, and comes back with its session', async ({
  page,
  site,
}) => {
  const { numbers } = takeNumbers(site)
  const id = await send(page, site, 1, 2)
  await page.evaluate(() => {
    const shown: boolean[] = []
    addEventListener('pageshow', ({ persisted }) => shown.push(persisted))
    Object.assign(globalThis, { shown })
  })
  await page.goto(`${site.origin}/empty`)
  await page.goBack({ waitUntil: 'commit' })
  const outcome = await page.evaluate(async (url) => {
    const journal = lastword.indexedDbJournal()
    const [record] = await journal.list()
    // It is its own: another session of this page is another one.
    const other = await lastword.connect(url, { journal })
    await other.send('number', 3)
    const [navigation] = performance.getEntriesByType('navigation') as unknown as {
      notRestoredReasons: unknown
    }[]
    const { shown } = globalThis as unknown as { shown: boolean[] }
    return { record: record?.sid, other: other.id, shown, notRestored: navigation?.notRestoredReasons }
  }, site.url)
  expect(outcome).toMatchObject({ record: id, shown: [true], notRestored: null })
  expect(outcome.other).not.toBe(id)
  await expect.poll(() => site.sessions[0]?.stats().links).toBe(2)
  expect(site.sessions[0]?.state).toBe('open')
  expect(numbers).toEqual([1, 2, 3])
})

test('a page that comes back from the back-forward cache leaves its session to the page that has taken it', async ({
  page,
  site,
}) => {
  const { numbers } = takeNumbers(site)
  await page.goto(`${site.origin}/journal`)
  const connect = () =>
    page.evaluate(async (url) => {
      const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
      Object.assign(globalThis, { session })
      await session.send('number', 1)
      return session.id
    }, site.url)
  const id = await connect()
  await page.goto(`${site.origin}/journal?next`)
  expect(await connect()).toBe(id)

  await page.goBack({ waitUntil: 'commit' })
  const outcome = await page.evaluate(async (url) => {
    const { session } = globalThis as unknown as { session: import('@lastword/sdk').Session }
    const { code } = await session.closed
    // The page before has gone into the cache in its turn, and left it again.
    const next = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
    await next.send('number', 2)
    return { code, id: next.id }
  }, site.url)
  expect(outcome).toEqual({ code: 'superseded', id })
  expect(numbers).toEqual([1, 1, 2])
  expect(site.sessions).toHaveLength(1)
})

test('a session that goes on without its journal comes back from the back-forward cache all the same', async ({
  page,
  site,
}) => {
  const { numbers } = takeNumbers(site)
  await page.goto(`${site.origin}/journal`)
  await page.evaluate(async (url) => {
    const session = await lastword.connect(url, { journal: lastword.indexedDbJournal() })
    await session.send('number', 1)
    await session.stored()
    Object.assign(globalThis, { session })
  }, site.url)
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('Storage.clearDataForOrigin', { origin: site.origin, storageTypes: 'indexeddb' })
  await devtools.detach()
  const code = await page.evaluate(async () => {
    const { session } = globalThis as unknown as { session: import('@lastword/sdk').Session }
    const warned = new Promise<string>((resolve) => session.on('warning', ({ code }) => resolve(code)))
    await session.send('number', 2)
    return warned
  })
  expect(code).toBe('journal-unavailable')
  await page.goto(`${site.origin}/empty`)
  await page.goBack({ waitUntil: 'commit' })
  const clean = await page.evaluate(async () => {
    const { session } = globalThis as unknown as { session: import('@lastword/sdk').Session }
    await session.send('number', 3)
    return (await session.close()).clean
  })
  expect(clean).toBe(true)
  expect(numbers).toEqual([1, 2, 3])
  expect(site.sessions).toHaveLength(1)
})
