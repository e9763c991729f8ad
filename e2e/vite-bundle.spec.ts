import { brotliCompressSync } from 'node:zlib'
import { expect } from '@playwright/test'
import { complaintsOf } from './complaints.ts'
import { test } from './lastword-test.ts'
import { reportOf } from './reports.ts'
import { placeOfError } from './source-map.ts'
import { publishVitePage } from './vite-page.ts'

test('a page that imports the packed package, bundled by Vite: it works, has its source map, and nothing of a journal', async ({
  page,
  site,
}, testInfo) => {
  site.adapter.onSession((session) => session.handle('offer', (offer) => `the answer to ${offer}`))
  const { url, scripts } = await publishVitePage(site, testInfo.outputPath('project'))
  const [[name, script] = ['', '']] = scripts
  expect(scripts.size).toBe(1)
  const description = `${script.length} bytes, ${brotliCompressSync(script).length} as brotli`
  testInfo.annotations.push({ type: 'bundle', description })

  const complaints = complaintsOf(page)
  await page.goto(url)
  await expect(page.locator('output')).toHaveText('the answer to my offer, clean')
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
  expect(complaints).toEqual([])

  // What every journal in a page needs, and nothing else does.
  expect(script.match(/indexedDB|navigator\.locks|IDBKeyRange/g)).toBeNull()

  const place = await placeOfError(page, `/${name}`)
  expect(place.source).toContain('node_modules/@lastword/sdk/dist/')
  expect(place.text).toContain('new ArgumentError(')
})
