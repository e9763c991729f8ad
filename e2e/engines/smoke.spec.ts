import { expect } from '@playwright/test'
import { reportOf, reportsOf } from '../reports.ts'
import { test } from './engine-test.ts'

/** What a browser has to be able to do for lastword, in every engine. */

const rounds = 10

test('a page opens a session, asks, and closes: both sides learn that nothing was lost', async ({
  site,
  openTab,
}) => {
  site.adapter.onSession((session) => {
    session.handle('offer', (offer) => ({ answerTo: offer }))
    session.handle('echo', (bytes) => bytes)
  })
  const tab = await openTab(`${site.origin}/script-tag`)
  const result = await tab.evaluate(async (url) => {
    const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
    const answer = await session.request('offer', { sdp: 'v=0 ☎' })
    const bytes = (await session.request('echo', Uint8Array.of(0, 127, 128, 255))) as Uint8Array
    const { clean, handledTotal } = await session.close()
    return { answer, bytes: Array.from(bytes), clean, handledTotal }
  }, site.url)
  expect(result).toEqual({
    answer: { answerTo: { sdp: 'v=0 ☎' } },
    bytes: [0, 127, 128, 255],
    clean: true,
    handledTotal: 2,
  })
  expect(site.sessions).toHaveLength(1)
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
})

test(`the Answer arrives from a server that closes inside its handler, ${rounds} times`, async ({
  site,
  openTab,
}) => {
  site.adapter.onSession((session) => {
    session.handle('offer', (offer) => {
      void session.close()
      return `answer to ${offer}`
    })
  })
  const tab = await openTab(`${site.origin}/script-tag`)
  const results = await tab.evaluate(
    async ({ url, rounds }) => {
      const results = []
      for (let round = 0; round < rounds; round++) {
        const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
        const answer = await session.request('offer', round)
        results.push({ answer, clean: (await session.closed).clean })
      }
      return results
    },
    { url: site.url, rounds },
  )
  expect(results).toEqual(
    Array.from({ length: rounds }, (_, round) => ({ answer: `answer to ${round}`, clean: true })),
  )
  const reports = await reportsOf(site.sessions)
  expect(reports.map(({ clean }) => clean)).toEqual(Array(rounds).fill(true))
})

test('a link that is cut in the middle of a request: the session resumes, and the request is handled once', async ({
  site,
  openProxy,
  openTab,
}) => {
  const { proxy, url } = await openProxy()
  const offers: unknown[] = []
  site.adapter.onSession((session) => {
    session.handle('offer', async (offer) => {
      offers.push(offer)
      const recovered = new Promise((resolve) => session.on('recovered', resolve))
      proxy.cutAll('reset')
      await recovered
      return `answer to ${offer}`
    })
  })
  const tab = await openTab(`${site.origin}/script-tag`)
  const result = await tab.evaluate(async (url) => {
    const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
    let resumed = 0
    session.on('recovered', () => resumed++)
    await session.opened
    const answer = await session.request('offer', 1)
    const { clean } = await session.close()
    return { answer, clean, resumed }
  }, url)
  expect(result).toEqual({ answer: 'answer to 1', clean: true, resumed: 1 })
  expect(offers).toEqual([1])
  expect(site.sessions).toHaveLength(1)
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
})

test('a link that is cut in the middle of a close: the session resumes, and both sides learn that it was clean', async ({
  site,
  openProxy,
  openTab,
}) => {
  const { proxy, url } = await openProxy()
  const handled: unknown[] = []
  site.adapter.onSession((session) => {
    const pageCloses = new Promise((resolve) => session.on('closing', resolve))
    session.handle('bye', async (payload) => {
      await pageCloses
      const recovered = new Promise((resolve) => session.on('recovered', resolve))
      proxy.cutAll('reset')
      await recovered
      handled.push(payload)
    })
  })
  const tab = await openTab(`${site.origin}/script-tag`)
  const result = await tab.evaluate(async (url) => {
    const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
    await session.opened
    const bye = session.send('bye', 1)
    const { clean, handledTotal } = await session.close()
    await bye
    return { clean, handledTotal }
  }, url)
  expect(result).toEqual({ clean: true, handledTotal: 1 })
  expect(handled).toEqual([1])
  expect(site.sessions).toHaveLength(1)
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
})
