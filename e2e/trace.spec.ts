import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect } from '@playwright/test'
import { test } from './lastword-test.ts'
import { packed } from './packed.ts'

const ladder = packed('ladder/dist/cli.js')

test('a trace that a page recorded is downloaded, drawn by the packed command, and read without scripts on a phone', async ({
  page,
  browser,
  site,
}, testInfo) => {
  site.adapter.onSession((session) => session.handle('offer', () => 'the answer'))
  // The small client of a page leaves tracing to the one that a journal brings with it.
  await page.goto(`${site.origin}/journal`)
  const downloading = page.waitForEvent('download')
  await page.evaluate(async (url) => {
    const lines: string[] = []
    const session = await lastword.connect(url, {
      journal: lastword.indexedDbJournal(),
      signal: AbortSignal.timeout(10_000),
      trace: (event) => {
        const at = performance.timeOrigin + event.at
        if (lines.length < 100_000) lines.push(`${JSON.stringify({ ...event, at })}\n`)
      },
    })
    await session.request('offer', 'my offer')
    await session.close()
    const link = document.createElement('a')
    link.href = URL.createObjectURL(new Blob(lines))
    link.download = 'trace.jsonl'
    link.click()
  }, site.url)
  const trace = testInfo.outputPath('trace.jsonl')
  await (await downloading).saveAs(trace)
  const drawn = testInfo.outputPath('ladder.html')
  await promisify(execFile)(process.execPath, [ladder, trace, '--out', drawn], { timeout: 10_000 })

  const context = await browser.newContext({
    javaScriptEnabled: false,
    viewport: { width: 360, height: 740 },
  })
  try {
    const reader = await context.newPage()
    const asked: string[] = []
    reader.on('request', (request) => asked.push(request.url()))
    await reader.goto(pathToFileURL(drawn).href)
    const rows = reader.getByRole('list', { name: /^Session .*, in the order of time$/ })
    await expect(rows.getByText('msg 1 offer, asks for a reply')).toHaveCount(1)
    await expect(rows.getByText(/^msg 1, replies to /)).toHaveCount(1)
    await expect(rows.getByText('link 1 of the client is closed: 1000')).toBeVisible()
    await expect(reader.getByText('closed: both sides have said that nothing follows')).toBeVisible()
    // Everything fits the phone: what does not would be seen as a page that scrolls sideways.
    const overflowing = await reader.locator('main *').evaluateAll((elements) => {
      const width = document.documentElement.clientWidth
      return elements.filter((element) => element.getBoundingClientRect().right > width + 1).length
    })
    expect(overflowing).toBe(0)
    await reader.keyboard.press('Tab')
    await reader.keyboard.press('Enter')
    await expect(reader.getByText('Time goes down.')).toBeVisible()
    expect(asked).toHaveLength(1)
  } finally {
    await context.close()
  }
})
