import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@lastword/source'] },
  ssr: { resolve: { conditions: ['@lastword/source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/test/**/*.test.ts'],
  },
})
