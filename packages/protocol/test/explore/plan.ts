/** How a client opens a link. */
export type Opening =
  /** The first frame travels with the upgrade request. */
  | 'early'
  /** The first frame is made before the link is open, and sent as soon as it is. */
  | 'held'

/** What one side's application does. */
export interface SidePlan {
  /** Messages, in order. A request is answered by the peer. */
  readonly sends: ReadonlyArray<{ readonly id: string; readonly ask?: true; readonly bytes?: true }>
  /** When they are sent: each at any time before this side closes, or all of them in the session's first turn. */
  readonly when: 'any time' | 'at once'
  /** True if it may close before it has sent all of them. */
  readonly closesEarly: boolean
  /** Messages that it lets stand unacknowledged towards it. */
  readonly windowMessages: number
}

/** A small world: what each side does, and how much harm may come, at any moment and in any order. */
export interface Plan {
  readonly name: string
  readonly client: SidePlan
  readonly server: SidePlan
  readonly openings: readonly Opening[]
  /** Links that may be lost, each with whatever part of what is under way. */
  readonly losses: number
  /** Links that the client may open while it has one. */
  readonly takeovers: number
  /** Requests that the client may take back. */
  readonly cancels: number
  /** Sides that may give the session up. */
  readonly aborts: ReadonlyArray<'client' | 'server'>
  /** How often a long time (`ttl`) may pass while something else could still happen first. */
  readonly waits: number
  /**
   * When frames leave. `'turn'`: all that wait leave at the end of each turn, as every driver does it while its link
   * is writable. `'free'`: each frame by itself, at any time.
   */
  readonly leave: 'turn' | 'free'
  /** With `leave: 'turn'`: how often a link may be busy, on either side; what waits then leaves when it is not. */
  readonly stalls: number
  /** True if a session without a link expires before a silent link is asked whether it is there. */
  readonly shortTtl?: true
  /** True if both sides have a journal. It takes its time over each write; a side does not crash here. */
  readonly journaled?: true
  /** True to explore also what nobody can notice, see `Link.reduced`. */
  readonly unreduced?: true
  /** Keepalive deadlines that may pass in silence, on either side. */
  readonly silences: number
}
