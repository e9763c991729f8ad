import { expect } from '@playwright/test'
import { complaintsOf } from './complaints.ts'
import { test } from './lastword-test.ts'
import { reportOf } from './reports.ts'

for (const { build, loaded } of [
  { build: 'script-tag', loaded: ['/lastword.global.js'] },
  { build: 'module', loaded: ['/module-page.js', '/lastword.esm.js'] },
]) {
  test(`${build}: a session opens, asks and closes where scripts may only be files of the origin and Trusted Types are enforced`, async ({
    page,
    site,
  }) => {
    site.adapter.onSession((session) => session.handle('offer', (offer) => `answer to ${offer}`))
    const complaints = complaintsOf(page)
    const scripts: string[] = []
    page.on('request', (request) => request.resourceType() === 'script' && scripts.push(request.url()))
    await page.goto(`${site.origin}/${build}`)
    const outcome = await page.evaluate(async (url) => {
      const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
      const answer = await session.request('offer', 1)
      return { answer, clean: (await session.close()).clean }
    }, site.url)
    expect(outcome).toEqual({ answer: 'answer to 1', clean: true })
    expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
    expect(complaints).toEqual([])
    expect(scripts.map((url) => url.replace(site.origin, ''))).toEqual(loaded)

    // The policy is in force: the page's own script may do none of this.
    await page.evaluate(() => import('/forbidden.js' as string))
    expect(await page.evaluate(() => document.documentElement.dataset)).toEqual({
      eval: 'EvalError',
      markup: 'TypeError',
      script: 'TypeError',
    })
  })
}

test('the script-tag build defines one global and no other', async ({ page, site }) => {
  await page.goto(`${site.origin}/empty`)
  const bare = await page.evaluate<string[]>('Object.getOwnPropertyNames(window)')
  await page.goto(`${site.origin}/script-tag`)
  const loaded = await page.evaluate<string[]>('Object.getOwnPropertyNames(window)')
  expect(loaded.filter((name) => !bare.includes(name))).toEqual(['lastword'])
})
