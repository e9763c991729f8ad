import type { Page } from '@playwright/test'

/** Everything a page complains about: exceptions, refused scripts, failed loads, errors on its console. */
export function complaintsOf(page: Page): string[] {
  const complaints: string[] = []
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`))
  page.on('console', (message) => message.type() === 'error' && complaints.push(`console: ${message.text()}`))
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`))
  return complaints
}
