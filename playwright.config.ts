import { defineConfig } from '@playwright/test'
import { chromiumLaunch } from './e2e/chromium-launch.ts'
import type { EngineOptions } from './e2e/engines/engine-test.ts'
import { findEngines } from './scripts/engines.mjs'

const { firefox, webkit, missing } = findEngines()

// Workers read this file too, and need not say it again.
if (process.env.TEST_WORKER_INDEX === undefined) for (const line of missing) console.log(line)

/** What every engine is held to. Everything else is asked of Chromium alone. */
const shared = 'engines/*.spec.ts'

export default defineConfig<object, EngineOptions>({
  testDir: 'e2e',
  outputDir: 'test-results',
  globalSetup: './e2e/packed-build.ts',
  fullyParallel: false,
  workers: 1,
  forbidOnly: true,
  retries: 0,
  timeout: 30_000,
  reporter: 'list',
  use: {
    trace: 'retain-on-failure',
    launchOptions: chromiumLaunch,
  },
  projects: [
    { name: 'chromium', use: { browserName: 'chromium', choice: { engine: 'chromium' } } },
    ...(firefox
      ? [
          {
            name: 'firefox',
            testMatch: shared,
            use: { choice: { engine: 'firefox' as const, program: firefox } },
          },
        ]
      : []),
    ...(webkit
      ? [
          {
            name: 'webkit',
            testMatch: shared,
            use: { choice: { engine: 'webkit' as const, programs: webkit } },
          },
        ]
      : []),
  ],
})
