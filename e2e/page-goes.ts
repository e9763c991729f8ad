import { type Proxy, until } from '@lastword/testkit'
import type { Page } from '@playwright/test'
import type { Site } from './site.ts'

declare global {
  /** The session of a page that will go. */
  var leaving: import('@lastword/sdk').Session
}

/** One way in which a page goes. */
export interface Departure {
  name: string
  /** What the page does for it; nothing if the browser does it. */
  goes: 'elsewhere' | 'again' | 'closed by itself' | 'closed'
  /** Opens the page that will go. */
  from(page: Page, site: Site): Promise<Page>
  /** Does, or waits for, what remains of it. */
  finish(page: Page): Promise<void>
}

const open = async (page: Page, site: Site) => {
  await page.goto(`${site.origin}/script-tag`)
  return page
}

export const departures: readonly [Departure, ...Departure[]] = [
  {
    name: 'a page that goes to another address',
    goes: 'elsewhere',
    from: open,
    finish: (page) => page.waitForURL('**/empty'),
  },
  {
    name: 'a page that is loaded again',
    goes: 'again',
    from: open,
    finish: (page) => page.waitForFunction(() => globalThis.leaving === undefined).then(() => {}),
  },
  {
    name: 'a tab that is closed',
    goes: 'closed',
    from: open,
    finish: (page) => page.close({ runBeforeUnload: true }),
  },
  {
    name: 'a window that closes itself',
    goes: 'closed by itself',
    async from(page, site) {
      await open(page, site)
      const [opened] = await Promise.all([
        page.waitForEvent('popup'),
        page.evaluate(() => void window.open('/script-tag')),
      ])
      await opened.waitForLoadState()
      return opened
    },
    async finish(page) {
      if (!page.isClosed()) await page.waitForEvent('close')
    },
  },
]

/** How the page's link is when it goes. `silent`: open, but nothing comes through any more. */
export const linkStates = ['open', 'silent', 'connecting', 'recovering'] as const
export type LinkState = (typeof linkStates)[number]

interface Opening {
  page: Page
  site: Site
  proxy: Proxy
  /** Where the proxy leads to the adapter. */
  url: string
  link: LinkState
}

/** Opens a session in the page, as `globalThis.leaving`, and brings its link into the state. */
export async function openSessionWith({ page, site, proxy, url, link }: Opening): Promise<void> {
  if (link === 'connecting') site.upgrades = 'held'
  await page.evaluate(
    async ({ url, opens }) => {
      globalThis.leaving = lastword.connect(url, { reconnect: { nextDelayMs: () => 0 } })
      if (opens) await leaving.opened
    },
    { url, opens: link !== 'connecting' },
  )
  if (link === 'connecting') {
    await until(() => proxy.accepted === 1, { what: 'the page to connect' })
  }
  if (link === 'silent') for (const { toServer } of proxy.connections) toServer.stall()
  if (link === 'recovering') {
    site.upgrades = 'held'
    proxy.cutAll('reset')
    await until(() => proxy.accepted === 2, { what: 'the page to connect again' })
  }
}
