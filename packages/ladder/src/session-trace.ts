import { SideTrace } from './side-trace.ts'
import type { SessionLine, Side } from './trace-line.ts'

/** What is known of one session. */
export class SessionTrace {
  readonly sid: string
  readonly #framesMax: number
  readonly #sides: Partial<Record<Side, SideTrace>> = {}

  constructor(sid: string, framesMax: number) {
    this.sid = sid
    this.#framesMax = framesMax
  }

  get client(): SideTrace | undefined {
    return this.#sides.client
  }

  get server(): SideTrace | undefined {
    return this.#sides.server
  }

  take(line: SessionLine): void {
    let side = this.#sides[line.side]
    if (side === undefined) {
      side = new SideTrace(this.#framesMax)
      this.#sides[line.side] = side
    }
    side.take(line)
  }
}
