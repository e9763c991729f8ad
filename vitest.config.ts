import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The packages' sources stand in for their builds. Without `browser` the Node entries are taken.
  resolve: { conditions: ['@lastword/source'] },
  ssr: { resolve: { conditions: ['@lastword/source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', '{examples,race,soak,bench}/test/**/*.test.ts'],
    // Generous, for a busy machine: a test's own deadlines are what says that something hangs.
    testTimeout: 60_000,
    hookTimeout: 30_000,
  },
})
