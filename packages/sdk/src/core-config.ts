import { defaults, type Window } from '@lastword/protocol'
import { type CoreConfig, frameBytesGoal } from '@lastword/session'
import { nanoid } from 'nanoid'
import type { CheckedOptions } from './connect-options.ts'
import type { TakenSession } from './journaled.ts'

/**
 * What a client's core is made with. A class, and no literal: V8 makes what a literal stands for old from the start where
 * most of the first ones lived long, and each of these then keeps the session that it belongs to until a full collection.
 */
export class ClientCoreConfig implements CoreConfig {
  readonly role = 'client'
  readonly sid: string
  readonly key: string
  readonly idPrefix = nanoid(10)
  readonly frameBytesGoal = frameBytesGoal
  readonly window: Window
  readonly maxBytes: number
  readonly keepaliveMs = defaults.keepaliveMs
  readonly ttlMs = defaults.ttlMs
  readonly welcomeTimeoutMs: number
  readonly agent: string | undefined

  /** `kept`: the session as the journal has it; a new one has ids of its own. */
  constructor(checked: CheckedOptions, agent: string | undefined, kept: TakenSession | undefined) {
    this.sid = kept?.record.sid ?? nanoid()
    this.key = kept?.record.key ?? nanoid(32)
    this.window = checked.window
    this.maxBytes = checked.maxBytes
    this.welcomeTimeoutMs = checked.welcomeTimeoutMs
    this.agent = agent
  }
}
