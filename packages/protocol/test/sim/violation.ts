/** What a run can break: the promises of the protocol, some of its rules, and two for the run itself. */
export type PromiseName =
  | 'P1 ack means handled'
  | 'P2 in order, once'
  | 'P3 every message has a fate'
  | 'P4 close after ack'
  | 'P5 closing survives'
  | 'P6 the report is true'
  | 'P7 bounded'
  /** Two honest sides never accuse each other, and a session ends for a reason that there really was. */
  | 'honest sides agree'
  /** Rules of the protocol for sides that have a journal. */
  | 'R-30 links count up'
  | 'R-123 written before it leaves'
  | 'R-123 a write is the truth'
  | 'R-124 a number is kept'
  | 'R-125 given again is marked'
  /** A run comes to its end, and no machine throws or spins. */
  | 'liveness'

/** A broken promise. It ends the run. */
export class Violation extends Error {
  constructor(
    readonly promise: PromiseName,
    message: string,
  ) {
    super(message)
    this.name = 'Violation'
  }
}

export function demand(holds: boolean, promise: PromiseName, message: () => string): asserts holds {
  if (!holds) throw new Violation(promise, message())
}
