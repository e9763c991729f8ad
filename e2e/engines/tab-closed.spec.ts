import { type Proxy, until } from '@lastword/testkit'
import { expect } from '@playwright/test'
import { reportOf } from '../reports.ts'
import type { Site } from '../site.ts'
import type { Tab } from './engine.ts'
import { test } from './engine-test.ts'

/** What a tab still says when its user closes it, in every engine. */

/** Together less than the 64 KiB that a browser lets leave behind a page. */
const numbers = Array.from({ length: 50 }, (_, number) => number)

declare global {
  /** The session of a page that will go. */
  var leaving: import('@lastword/sdk').Session
}

for (const kind of ['text', 'binary'] as const) {
  test(`a tab is closed with 50 ${kind} messages queued behind a dead link: all are handled, each once`, async ({
    site,
    openProxy,
    openTab,
  }) => {
    const handled = handledBy(site)
    const { proxy, url } = await openProxy()
    const tab = await openTab(`${site.origin}/script-tag`)
    await openSession(tab, url)
    const endLink = silence(proxy)
    await queue(tab, { kind, closes: false })
    await tab.close()
    endLink()
    await until(() => handled.length >= numbers.length, { what: 'every message' })
    expect(handled).toEqual(numbers)
    expect(site.sessions).toHaveLength(1)
    expect(site.sessions[0]?.stats().received).toMatchObject({
      messages: numbers.length,
      handled: numbers.length,
    })
  })
}

test('a tab is closed in the middle of a close behind a dead link: it is finished without the page, and clean', async ({
  site,
  openProxy,
  openTab,
}) => {
  const handled = handledBy(site)
  const { proxy, url } = await openProxy()
  const tab = await openTab(`${site.origin}/script-tag`)
  await openSession(tab, url)
  const endLink = silence(proxy)
  await queue(tab, { kind: 'text', closes: true })
  await tab.close()
  endLink()
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
  expect(handled).toEqual(numbers)
  expect(site.sessions).toHaveLength(1)
})

test('a tab is closed with 50 messages that arrived and are not handled: what it repeats is handled once', async ({
  site,
  openTab,
}) => {
  const started: number[] = []
  let letGo = () => {}
  const tabClosed = new Promise<void>((resolve) => {
    letGo = resolve
  })
  const handled = handledBy(site, (number) => {
    started.push(number)
    return tabClosed
  })
  const tab = await openTab(`${site.origin}/script-tag`)
  await openSession(tab, site.url)
  await queue(tab, { kind: 'text', closes: true })
  await until(() => started.length === numbers.length, { what: 'every message to arrive' })
  await tab.close()
  await until(() => site.posts.some(({ status }) => status === 200), { what: 'the last words of the page' })
  letGo()
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
  expect(started).toEqual(numbers)
  expect(handled).toEqual(numbers)
  expect(site.sessions).toHaveLength(1)
})

/** The numbers of the messages that the site's sessions have handled, in order. */
function handledBy(site: Site, handle: (number: number) => Promise<void> = async () => {}): number[] {
  const handled: number[] = []
  site.adapter.onSession((session) => {
    session.handle('item', async (payload) => {
      const number =
        payload instanceof Uint8Array ? (payload[0] ?? -1) : (payload as { number: number }).number
      await handle(number)
      handled.push(number)
    })
  })
  return handled
}

/** Opens a session in a page and leaves it there. */
function openSession(tab: Tab, url: string): Promise<void> {
  return tab.evaluate(async (url) => {
    globalThis.leaving = lastword.connect(url)
    await leaving.opened
  }, url)
}

/**
 * What the page sends from now on arrives nowhere, and nobody tells it. New connections get through. Returns what ends
 * the silent ones, as the page's end does where its packets get through.
 */
function silence(proxy: Proxy): () => void {
  const silenced = [...proxy.connections]
  for (const { toServer } of silenced) toServer.stall()
  return () => {
    for (const connection of silenced) connection.cut('reset')
  }
}

/** Sends every message, and begins to close if asked to; waits for nothing. */
function queue(tab: Tab, how: { kind: 'text' | 'binary'; closes: boolean }): Promise<void> {
  return tab.evaluate(
    ({ numbers, kind, closes }) => {
      for (const number of numbers) {
        const payload =
          kind === 'text' ? { number, filler: '.'.repeat(1000) } : new Uint8Array(1000).fill(number)
        leaving.send('item', payload).catch(() => {})
      }
      if (closes) void leaving.close()
    },
    { numbers, ...how },
  )
}
