import { chromium, type LaunchOptions } from '@playwright/test'
import type { Engine } from './engine.ts'
import { pageFunction, pageResult } from './in-page.ts'

/** Starts Chromium as the other specs do, by Playwright. */
export async function startChromium(options: LaunchOptions): Promise<Engine> {
  const browser = await chromium.launch(options)
  // One for all tabs: what still leaves a page that is closed goes with the profile that it was in.
  const profile = await browser.newContext()
  return {
    async open(url) {
      const page = await profile.newPage()
      await page.goto(url)
      return {
        async evaluate(inPage: (argument: never) => unknown, argument?: unknown) {
          return pageResult(await page.evaluate(`(${pageFunction(inPage, argument)})()`))
        },
        async close() {
          const closed = page.waitForEvent('close')
          await page.close({ runBeforeUnload: true })
          await closed
        },
      }
    },
    quit: () => browser.close(),
  }
}
