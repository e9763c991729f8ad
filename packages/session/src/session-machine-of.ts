import { SessionMachine } from '@lastword/protocol'
import type { Delivery } from './delivery.ts'
import type { KeptSession } from './journal-writer.ts'
import type { RestoredMessages } from './restored-messages.ts'
import type { CoreConfig } from './session-owner.ts'

/** A session's machine: a new one, or one that goes on from what its journal has. */
export function machineOf(
  config: CoreConfig,
  kept: KeptSession | undefined,
  restored: RestoredMessages,
  now: number,
): SessionMachine<Delivery> {
  if (kept === undefined) return new SessionMachine<Delivery>(config)
  const journaled: CoreConfig = config.journaled ? config : { ...config, journaled: true }
  if (kept.snapshot === undefined) return new SessionMachine<Delivery>(journaled)
  return SessionMachine.restore<Delivery>(
    journaled,
    kept.snapshot,
    (message) => restored.deliveryOf(message),
    now,
  )
}
