import { defineConfig } from '@playwright/test'
import { chromiumFlags, findChromium } from './scripts/chromium.mjs'

const executablePath = findChromium()

/**
 * The specs' certificate is made when they start, and nobody has signed it. Playwright's `ignoreHTTPSErrors` would
 * do for pages, but it lets Chromium throw its first connection away and make another one, which a spec that cuts
 * a connection at an exact byte would take for the real one.
 */
const trustAnyCertificate = '--ignore-certificate-errors'

/** No name is looked up, so that nothing leaves this machine. */
const loopbackOnly = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results',
  fullyParallel: false,
  workers: 1,
  forbidOnly: true,
  retries: 0,
  timeout: 30_000,
  reporter: 'list',
  use: {
    trace: 'retain-on-failure',
    launchOptions: {
      args: [...chromiumFlags, trustAnyCertificate, loopbackOnly],
      ...(executablePath ? { executablePath } : {}),
    },
  },
  projects: [{ name: 'chromium', use: { browserName: 'chromium' } }],
})
