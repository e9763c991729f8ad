import { expect } from '@playwright/test'
import { test } from './lastword-test.ts'
import { placeOfError } from './source-map.ts'

for (const [build, script] of [
  ['script-tag', '/lastword.global.js'],
  ['module', '/lastword.esm.js'],
] as const) {
  test(`${build}: the source map of ${script} leads from an error to the line that threw it`, async ({
    page,
    site,
  }) => {
    await page.goto(`${site.origin}/${build}`)
    const place = await placeOfError(page, script)
    expect(place.source).toMatch(/\bsrc\/.*\.ts$/)
    expect(place.text).toContain('new ArgumentError(')
  })
}
