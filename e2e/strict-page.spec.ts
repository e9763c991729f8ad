import { expect } from '@playwright/test'
import { complaintsOf } from './complaints.ts'
import { test } from './lastword-test.ts'

test('the script-tag build defines window.lastword under a strict Content-Security-Policy', async ({
  page,
  site,
}) => {
  const complaints = complaintsOf(page)
  await page.goto(`${site.origin}/script-tag`)
  expect(await page.evaluate('typeof window.lastword?.connect')).toBe('function')
  expect(complaints).toEqual([])
})

test('the script-tag build defines one global and no other', async ({ page, site }) => {
  await page.goto(`${site.origin}/empty`)
  const bare = await page.evaluate<string[]>('Object.getOwnPropertyNames(window)')
  await page.goto(`${site.origin}/script-tag`)
  const loaded = await page.evaluate<string[]>('Object.getOwnPropertyNames(window)')
  expect(loaded.filter((name) => !bare.includes(name))).toEqual(['lastword'])
})

test('the module build is imported by a page as it is', async ({ page, site }) => {
  const complaints = complaintsOf(page)
  await page.goto(`${site.origin}/module`)
  expect(await page.evaluate('typeof window.lastword?.connect')).toBe('function')
  expect(complaints).toEqual([])
})
