import type { StackId } from '../serve/news.ts'
import type { PageSide } from './calls.ts'

/** What this tab keeps over a reload. */

const tabKey = 'lastword-demo-tab'
const callKey = 'lastword-demo-call'

/** Names this tab towards the server, so that the page after a reload hears what became of the one before it. */
export function tabId(): string {
  const known = sessionStorage.getItem(tabKey)
  if (known !== null) return known
  const made = crypto.randomUUID()
  sessionStorage.setItem(tabKey, made)
  return made
}

interface RememberedCall {
  call: string
  sides: Record<StackId, PageSide>
}

export function rememberCall(call: RememberedCall): void {
  sessionStorage.setItem(callKey, JSON.stringify(call))
}

export function takeRememberedCall(): RememberedCall | undefined {
  const kept = sessionStorage.getItem(callKey)
  if (kept === null) return undefined
  sessionStorage.removeItem(callKey)
  try {
    return JSON.parse(kept) as RememberedCall
  } catch {
    return undefined
  }
}
