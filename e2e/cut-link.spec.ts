import { expect } from '@playwright/test'
import { test } from './lastword-test.ts'
import { reportOf } from './reports.ts'

test('a link that is cut in the middle of a request: the session resumes, and the request is handled once', async ({
  page,
  site,
  openProxy,
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
  await page.goto(`${site.origin}/script-tag`)
  const result = await page.evaluate(async (url) => {
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
  expect(proxy.accepted).toBe(2)
  expect(site.sessions).toHaveLength(1)
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
})

test('a link that is cut in the middle of a close: the session resumes, and both sides learn that it was clean', async ({
  page,
  site,
  openProxy,
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
  await page.goto(`${site.origin}/script-tag`)
  const result = await page.evaluate(async (url) => {
    const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
    await session.opened
    const bye = session.send('bye', 1)
    const { clean, handledTotal } = await session.close()
    await bye
    return { clean, handledTotal }
  }, url)
  expect(result).toEqual({ clean: true, handledTotal: 1 })
  expect(handled).toEqual([1])
  expect(proxy.accepted).toBe(2)
  expect(site.sessions).toHaveLength(1)
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
})
