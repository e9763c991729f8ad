import { test as base } from '../lastword-test.ts'
import { startChromium } from './chromium-engine.ts'
import type { Engine, Tab, WebkitPrograms } from './engine.ts'
import { startFirefox } from './firefox-engine.ts'
import { startWebkit } from './webkit-engine.ts'

/** Which engine a project of `playwright.config.ts` runs the shared suite in. */
type EngineChoice =
  | { engine: 'chromium' }
  | { engine: 'firefox'; program: string }
  | { engine: 'webkit'; programs: WebkitPrograms }

export interface EngineOptions {
  choice: EngineChoice
}

interface EngineFixtures {
  /** Opens a page in a tab of its own, which is closed behind the test. */
  openTab(url: string): Promise<Tab>
}

/** How long an engine may take to start or to end, in ms. */
const engineDeadlineMs = 45_000

/** The specs' `test`, with a browser that is driven in the same way whichever engine it is. */
export const test = base.extend<EngineFixtures, EngineOptions & { engine: Engine }>({
  choice: [{ engine: 'chromium' }, { option: true, scope: 'worker' }],
  // One browser for all tests: it would take as long to start as they take to run.
  engine: [
    async ({ choice, launchOptions }, use) => {
      const engine = await startEngine(choice, launchOptions)
      await use(engine)
      await engine.quit()
    },
    { scope: 'worker', timeout: engineDeadlineMs },
  ],
  openTab: async ({ engine }, use) => {
    const open = new Set<Tab>()
    await use(async (url) => {
      const tab = await engine.open(url)
      open.add(tab)
      return {
        evaluate: tab.evaluate,
        close() {
          open.delete(tab)
          return tab.close()
        },
      }
    })
    for (const tab of open) await tab.close()
  },
})

function startEngine(choice: EngineChoice, launchOptions: object): Promise<Engine> {
  switch (choice.engine) {
    case 'chromium':
      return startChromium(launchOptions)
    case 'firefox':
      return startFirefox(choice.program)
    case 'webkit':
      return startWebkit(choice.programs)
  }
}
