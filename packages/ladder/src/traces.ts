import { SessionTrace } from './session-trace.ts'
import type { TraceLine } from './trace-line.ts'

export interface TracesOptions {
  /** Takes this session only. */
  session?: string
  /** Frames and links drawn of each side of a session; past it the middle is left out. @default 1000 */
  rowsMax?: number
  /** Sessions that are drawn; what comes of further ones is counted. @default 20 */
  sessionsMax?: number
}

/** Takes the lines of any number of traces and sessions. What it keeps is bounded; what it counts is everything. */
export class Traces {
  readonly rowsMax: number
  /** Lines taken. */
  lines = 0
  /** Lines that the writers of the traces had to leave out. */
  droppedLines = 0

  readonly #only: string | undefined
  readonly #sessionsMax: number
  readonly #sessions = new Map<string, SessionTrace>()
  /** Sessions that are not drawn, with the number of their lines. */
  readonly #others = new Map<string, number>()
  #unnamed = 0

  constructor({ session, rowsMax = 1000, sessionsMax = 20 }: TracesOptions = {}) {
    this.#only = session
    this.rowsMax = rowsMax
    this.#sessionsMax = sessionsMax
  }

  /** In the order in which they were seen first. */
  get sessions(): SessionTrace[] {
    return [...this.#sessions.values()]
  }

  /** Sessions that are not drawn, with the number of their lines. */
  get others(): ReadonlyMap<string, number> {
    return this.#others
  }

  /** Lines of sessions that are not even counted each by itself. */
  get unnamedLines(): number {
    return this.#unnamed
  }

  take(line: TraceLine): void {
    this.lines++
    if (line.type === 'dropped') {
      this.droppedLines += line.lines
      return
    }
    const { sid } = line
    let session = this.#sessions.get(sid)
    if (session === undefined && this.#draws(sid)) {
      session = new SessionTrace(sid, this.rowsMax)
      this.#sessions.set(sid, session)
    }
    if (session !== undefined) session.take(line)
    else if (this.#others.has(sid) || this.#others.size < othersMax) {
      this.#others.set(sid, (this.#others.get(sid) ?? 0) + 1)
    } else this.#unnamed++
  }

  #draws(sid: string): boolean {
    if (this.#only !== undefined) return sid === this.#only
    return this.#sessions.size < this.#sessionsMax
  }
}

const othersMax = 10_000
