import type { Page } from '@playwright/test'

/**
 * Tries to open a session at `url`, with a message in it, and says how that failed: tries once, or until polling, too, has
 * been tried.
 */
export function refusedBy(page: Page, url: string, { early = true, polls = false } = {}) {
  return page.evaluate(
    async ({ url, early, polls }) => {
      const session = lastword.connect(url, {
        signal: AbortSignal.timeout(10_000),
        reconnect: lastword.backoff({ attemptsMax: polls ? 4 : 1 }),
        ...(polls && { fallback: lastword.polling }),
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
        says: [error?.message, error?.remedy].filter(Boolean).join(' '),
        fate: message.status === 'rejected' ? message.reason.fate : undefined,
        clean,
      }
    },
    { url, early, polls },
  )
}
