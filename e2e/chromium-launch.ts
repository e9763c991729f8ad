import type { LaunchOptions } from '@playwright/test'
import { chromiumFlags, findChromium } from '../scripts/chromium.mjs'

/**
 * The specs' certificate is made when they start, and nobody has signed it. Playwright's `ignoreHTTPSErrors` would
 * do for pages, but it lets Chromium throw its first connection away and make another one, which a spec that cuts
 * a connection at an exact byte would take for the real one.
 */
const trustAnyCertificate = '--ignore-certificate-errors'

/** No name is looked up, so that nothing leaves this machine. */
const loopbackOnly = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'

const executablePath = findChromium()

/** How Chromium is started for every spec that says nothing else. */
export const chromiumLaunch: LaunchOptions = {
  args: [...chromiumFlags, trustAnyCertificate, loopbackOnly],
  ...(executablePath ? { executablePath } : {}),
}

/** The same with the back-forward cache, which people have, and which Playwright turns off. */
export const chromiumWithCache: LaunchOptions = {
  ...chromiumLaunch,
  ignoreDefaultArgs: ['--disable-back-forward-cache'],
}

/** The same without trust in the specs' certificate: what it does wherever nobody has told it otherwise. */
export const chromiumWithoutTrust: LaunchOptions = {
  ...chromiumLaunch,
  args: (chromiumLaunch.args ?? []).filter((arg) => arg !== trustAnyCertificate),
}
