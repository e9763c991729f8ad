import { type Counters, defaults, type Window } from '@lastword/protocol'
import { type CoreConfig, frameBytesGoal } from '@lastword/session'
import { nanoid } from 'nanoid'
import type { CheckedAdapterOptions } from './adapter-options.ts'

/** What the cores of an adapter's sessions are made with: a session holds only what is its own. */
export class ServerCoreConfig implements CoreConfig {
  readonly sid: string
  readonly key: string
  readonly shared: SharedConfig

  constructor(sid: string, key: string, shared: SharedConfig) {
    this.sid = sid
    this.key = key
    this.shared = shared
  }

  /** Drawn at each look; a core looks once, and keeps what it makes of it. */
  get idPrefix(): string {
    return nanoid(10)
  }

  get role(): 'server' {
    return 'server'
  }

  get frameBytesGoal(): number {
    return frameBytesGoal
  }

  get window(): Window {
    return this.shared.options.window
  }

  get maxBytes(): number {
    return this.shared.options.maxBytes
  }

  get keepaliveMs(): number {
    return this.shared.options.keepaliveMs
  }

  get ttlMs(): number {
    return this.shared.options.ttlMs
  }

  get welcomeTimeoutMs(): number {
    return defaults.helloTimeoutMs
  }

  get journaled(): boolean {
    return this.shared.journaled
  }

  get total(): Counters {
    return this.shared.total
  }
}

/** What they share. */
export interface SharedConfig {
  readonly options: CheckedAdapterOptions
  readonly total: Counters
  /** True if there is a journal, which all of them stand in then. */
  readonly journaled: boolean
}
