import { type Browser, chromium, type LaunchOptions } from '@playwright/test'
import type { Engine } from './engine.ts'
import { pageFunction, pageResult } from './in-page.ts'

/** Starts Chromium as the other specs do, by Playwright. */
export async function startChromium(options: LaunchOptions): Promise<Engine> {
  const browser: Browser = await chromium.launch(options)
  return {
    async open(url) {
      const page = await browser.newPage()
      await page.goto(url)
      return {
        async evaluate(inPage: (argument: never) => unknown, argument?: unknown) {
          return pageResult(await page.evaluate(`(${pageFunction(inPage, argument)})()`))
        },
        close: () => page.close(),
      }
    },
    quit: () => browser.close(),
  }
}
