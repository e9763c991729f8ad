import type { IncomingMessage } from 'node:http'
import { type Situation, situationById } from './situations.ts'

/** Which call a connection belongs to, as its address says. */
export interface CallAddress {
  tab: string
  call: string
  situation: Situation
}

const idPattern = /^[\w-]{1,64}$/

/** @returns nothing if the address does not name a tab, a call and a situation */
export function callAddress(request: IncomingMessage): CallAddress | undefined {
  const { searchParams } = addressOf(request)
  const tab = idIn(searchParams, 'tab')
  const call = idIn(searchParams, 'call')
  const situation = situationById(searchParams.get('situation'))
  return tab !== undefined && call !== undefined && situation !== undefined
    ? { tab, call, situation }
    : undefined
}

/** The address of a request, of which only the path and the query mean something. */
export function addressOf(request: IncomingMessage): URL {
  try {
    return new URL(request.url ?? '/', 'https://demo.invalid')
  } catch {
    return new URL('https://demo.invalid/unreadable')
  }
}

export function idIn(query: URLSearchParams, name: string): string | undefined {
  const id = query.get(name)
  return id !== null && idPattern.test(id) ? id : undefined
}
