import type { StackId } from '../serve/news.ts'
import type { PageSide } from './calls.ts'
import { tabStorage } from './tab-storage.ts'

const tabKey = 'lastword-demo-tab'
const callKey = 'lastword-demo-call'

/** Names this tab towards the server, so that the page after a reload hears what became of the one before it. */
export function tabId(): string {
  const known = tabStorage.read(tabKey)
  if (known !== undefined) return known
  const made = crypto.randomUUID()
  tabStorage.write(tabKey, made)
  return made
}

interface RememberedCall {
  call: string
  sides: Record<StackId, PageSide>
}

export function rememberCall(call: RememberedCall): void {
  tabStorage.write(callKey, JSON.stringify(call))
}

export function takeRememberedCall(): RememberedCall | undefined {
  const kept = tabStorage.read(callKey)
  if (kept === undefined) return undefined
  tabStorage.remove(callKey)
  try {
    return JSON.parse(kept) as RememberedCall
  } catch {
    return undefined
  }
}
