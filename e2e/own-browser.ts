import { type BrowserContext, chromium } from '@playwright/test'
import { chromiumWithCache } from './chromium-launch.ts'
import { freePort } from './free-port.ts'

/** A Chromium of its own. */
export interface OwnBrowser {
  /** Its windows and tabs. */
  context: BrowserContext
  close(): Promise<void>
}

/**
 * Starts a Chromium in which Playwright changes nothing: elsewhere it lets every page believe that it is looked at, so
 * that none can be hidden or frozen. That is only to be had by connecting to a browser that runs already.
 */
export async function openOwnBrowser(): Promise<OwnBrowser> {
  const port = await freePort()
  const args = [...(chromiumWithCache.args ?? []), `--remote-debugging-port=${port}`]
  const browser = await chromium.launch({ ...chromiumWithCache, args })
  const connected = await chromium.connectOverCDP(`http://127.0.0.1:${port}`, { noDefaults: true })
  const [context] = connected.contexts()
  if (context === undefined) throw new Error('a browser without a profile was connected to')
  return {
    context,
    async close() {
      await connected.close()
      await browser.close()
    },
  }
}
