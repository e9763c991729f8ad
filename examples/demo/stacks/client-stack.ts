import type { TraceEvent } from '@lastword/sdk'

/** What one round asks of a client, whichever stack it is written with. */
export interface RoundPlan {
  url: string
  /** The certificate to trust. */
  ca: string
  row: number
  offer: string
  /** True if the server shall keep its peer connection for the data channel. */
  talks: boolean
  /** Statistics to send right behind the Offer. */
  upload: readonly Uint8Array[]
  /** Close while the Answer is under way. */
  closesEarly: boolean
  /** Tell the server of new candidates every so many ms, as trickle ICE does; 0 for not at all. */
  trickleMs: number
  /** How long to wait for the connection, and then for the Answer, in ms. */
  deadlineMs: number
  /** To be awaited when the connection is there and before the Offer is sent: rounds that run together start together. */
  connected(): Promise<void>
  /** To be called when the Offer was handed over. */
  offerSent(): void
  /** To be called with the Answer when the application has it. Only the first call counts. */
  answered(sdp: string): void
  /** Takes what a stack can tell about its envelopes, for the sequence diagram. */
  trace?: (event: TraceEvent) => void
}

/** Plays one round to its end: resolves when the connection is over, with a reason if there was no Answer. */
export type ClientStack = (plan: RoundPlan) => Promise<RoundEnd>

export interface RoundEnd {
  lostBecause?: string
  /** True if the stack itself says that its close was not clean. */
  unclean?: boolean
}

/** How many candidates are found between two turns of the trickle timer: one for each of a phone's interfaces. */
export const candidatesPerTrickle = 3
