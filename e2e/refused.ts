import type { Page } from '@playwright/test'

/** Tries once to open a session at `url`, with a message in it, and says how that failed. */
export function refusedBy(page: Page, url: string, { early = true } = {}) {
  return page.evaluate(
    async ({ url, early }) => {
      const session = lastword.connect(url, {
        signal: AbortSignal.timeout(10_000),
        reconnect: lastword.backoff({ attemptsMax: 1 }),
        welcomeTimeoutMs: 200,
        early,
      })
      const sent = session.send('offer', 1)
      const [opened, message] = await Promise.allSettled([session.opened, sent])
      const error = opened.status === 'rejected' ? opened.reason : undefined
      const { clean } = await session.closed
      return {
        opened: {
          name: error?.name,
          code: error?.code,
          reason: error?.reason,
          isLastwordError: error instanceof lastword.LastwordError,
        },
        message: error?.message,
        remedy: error?.remedy,
        fate: message.status === 'rejected' ? message.reason.fate : undefined,
        clean,
      }
    },
    { url, early },
  )
}
