import { copyFile, readFile, writeFile } from 'node:fs/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { expect, test } from '@playwright/test'
import { startDemo } from '../scripts/demo-server.mjs'
import { complaintsOf } from './complaints.ts'
import { packed } from './packed.ts'

const readmeFile = fileURLToPath(new URL('../README.md', import.meta.url))

/**
 * What a reader of the README does: pastes the page that it shows into an empty file beside the built script, starts the
 * demo's server, and opens the file. Only the port is another one, for 8080 may be taken.
 */
test('the page of the README, opened from a file, shows the answer of the demo’s server', async ({
  page,
}, testInfo) => {
  test.setTimeout(90_000)
  const readme = await readFile(readmeFile, 'utf8')
  const [, html = ''] = /<!-- examples\/quickstart\/page\.html -->\n```html\n([\s\S]*?)```/.exec(readme) ?? []
  expect(html).toContain('ws://localhost:8080')
  const demo = await startDemo()
  try {
    const { port } = new URL(demo.plain)
    await writeFile(testInfo.outputPath('page.html'), html.replaceAll('8080', port))
    await copyFile(packed('sdk/dist/lastword.global.js'), testInfo.outputPath('lastword.global.js'))
    const complaints = complaintsOf(page)
    await page.goto(pathToFileURL(testInfo.outputPath('page.html')).href)
    await expect(page.locator('output')).toHaveText('the answer to my offer')
    expect(complaints).toEqual([])
  } finally {
    expect(await demo.stop()).toBe(0)
  }
})
