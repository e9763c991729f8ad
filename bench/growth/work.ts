import type { Address, Tls } from '../stacks/listen.ts'

/** What keeps the sessions of a side. */
export type JournalKind = 'none' | 'memory' | 'level'

/** How a server and its clients are set up. */
export interface Setting {
  /** How many messages, and bytes of them, may stand unacknowledged. */
  readonly window?: { readonly messages: number; readonly bytes: number }
  readonly journal: JournalKind
}

/** What a server is to do. */
export interface Serving {
  readonly tls: Tls
  readonly setting: Setting
}

/** What clients are to open. */
export interface Opening {
  readonly address: Address
  readonly setting: Setting
  readonly connections: number
}

/** Messages at a fixed rate, each on another connection than the one before. */
export interface Pace {
  readonly count: number
  readonly perSecond: number
}

/** Messages as fast as they are acknowledged, on one connection. */
export interface Burst {
  readonly count: number
  readonly outstanding: number
  /** Of each message, as JSON. */
  readonly bytes: number
}

/** A message of so many bytes as JSON: text, with the quotes around it. */
export function textOf(bytes: number): string {
  return 'the last message arrives '.repeat(Math.ceil(bytes / 25)).slice(0, bytes - 2)
}
