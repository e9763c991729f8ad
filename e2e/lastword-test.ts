import type { AdapterOptions } from '@lastword/server-adapter'
import { createProxy, type Proxy, type ProxyConnection } from '@lastword/testkit'
import { type BrowserContext, test as base } from '@playwright/test'
import { openOwnBrowser } from './own-browser.ts'
import { openSite, type Site } from './site.ts'

declare global {
  /**
   * What the script-tag build defines, and what the page of the module build puts there too; the journal is added to it
   * on `/journal`, and polling on `/polling`.
   */
  var lastword: typeof import('@lastword/sdk') &
    typeof import('@lastword/sdk/journal-indexeddb') &
    Pick<typeof import('@lastword/sdk/polling'), 'polling'>
}

/** A proxy, and where the adapter is reached through it. */
interface SiteProxy {
  proxy: Proxy
  url: string
}

interface LastwordFixtures {
  /** What the site's adapter is made with: `test.use({ adapterOptions: { … } })`. */
  adapterOptions: AdapterOptions
  /** A site for this test alone, closed after it. */
  site: Site
  /** Tabs that are hidden when another one is in front, and can be frozen, as those of a person. */
  tabs: BrowserContext
  /** Opens a proxy in front of the site, closed after the test. */
  openProxy(onConnection?: (connection: ProxyConnection) => void): Promise<SiteProxy>
}

/** Playwright's `test`, with a site of its own for each test. */
export const test = base.extend<LastwordFixtures>({
  adapterOptions: [{}, { option: true }],
  site: async ({ adapterOptions }, use) => {
    const site = await openSite(adapterOptions)
    await use(site)
    await site.close()
  },
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads from the pattern what a fixture needs.
  tabs: async ({}, use) => {
    const browser = await openOwnBrowser()
    await use(browser.context)
    await browser.close()
  },
  openProxy: async ({ site }, use) => {
    const proxies: Proxy[] = []
    await use(async (onConnection) => {
      const proxy = await createProxy({ targetPort: site.port, ...(onConnection && { onConnection }) })
      proxies.push(proxy)
      return { proxy, url: `wss://127.0.0.1:${proxy.port}/ws` }
    })
    for (const proxy of proxies) await proxy.close()
  },
})
