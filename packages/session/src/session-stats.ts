import type { SessionMachine, Traffic } from '@lastword/protocol'
import type { Delivery } from './delivery.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { OutgoingLane } from './outgoing-lane.ts'

/** A session in numbers, since it began in this process. A plain JSON object. */
export interface SessionStats extends Traffic {
  /** How long ago the session began, in ms; once it is over, how long it went on. */
  ageMs: number
  /**
   * How long the latest `ping` took to be answered, in ms. Until there was one, on a client: how long `hello` took, with
   * what the server did meanwhile to find out who is asking. One that went with the upgrade request (`early`) says
   * nothing. Missing before the first: pings are sent on silence, and by a server when a session resumes.
   */
  roundTripMs?: number
  /** The same, smoothed: each new one counts an eighth. */
  smoothedRoundTripMs?: number
  /** Messages that have not been sent yet, because there is no link, no window or no room, and their bytes. */
  queued: { messages: number; bytes: number }
  /** Messages that were sent and are not acknowledged, and their bytes. */
  inFlight: { messages: number; bytes: number }
  /** Messages of the peer that were received, and that no handler has finished with. */
  unhandled: { messages: number }
}

/** What a session has done, and what it holds now. */
export function statsOf(
  machine: SessionMachine<Delivery>,
  { outside }: OutgoingLane,
  dispatcher: Dispatcher,
  ageMs: number,
): SessionStats {
  const { links, sent, received, roundTripMs, smoothedRoundTripMs } = machine.counters
  return {
    ageMs,
    links,
    ...(roundTripMs !== undefined && { roundTripMs }),
    ...(smoothedRoundTripMs !== undefined && { smoothedRoundTripMs }),
    sent: { ...sent },
    received: { ...received },
    queued: {
      messages: machine.queuedCount + outside.messages,
      bytes: machine.retainedBytes - machine.inFlightBytes + outside.bytes,
    },
    inFlight: { messages: machine.inFlightCount, bytes: machine.inFlightBytes },
    unhandled: { messages: dispatcher.openCount },
  }
}
