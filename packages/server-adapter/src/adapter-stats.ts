import { Counters, type Traffic } from '@lastword/protocol'
import type { SessionState } from '@lastword/session'

/** An adapter in numbers. A plain JSON object. */
export interface AdapterStats {
  /** Sessions that exist now, by their state; `closed` are those that are kept so that their clients can ask how they ended. */
  sessions: Record<SessionState, number>
  /** Links that are not over. */
  links: number
  /** Over all sessions there have ever been, those that exist now included. */
  ever: Traffic & {
    sessions: number
    /** Sessions that are over, by how they ended: `finished`, or the code of the reset. */
    ended: Record<string, number>
    /** Links that were not let in, by the name of the close code or of the reset. */
    refused: Record<string, number>
  }
}

/** Keeps the numbers of one adapter as they change, so that nobody has to go through its sessions. */
export class AdapterCounters {
  /** What every session adds to. */
  readonly traffic = new Counters()
  readonly #sessions: Record<SessionState, number> = {
    connecting: 0,
    open: 0,
    recovering: 0,
    closing: 0,
    closed: 0,
  }
  #sessionsEver = 0
  readonly #ended: Record<string, number> = {}
  readonly #refused: Record<string, number> = {}

  /** A session was made, and is in this state. */
  made(state: SessionState): void {
    this.#sessionsEver++
    this.#sessions[state]++
  }

  moved(state: SessionState, before: SessionState): void {
    this.#sessions[before]--
    this.#sessions[state]++
  }

  ended(code: string): void {
    this.#ended[code] = (this.#ended[code] ?? 0) + 1
  }

  /** A session that was over is not kept any longer. */
  forgotten(): void {
    this.#sessions.closed--
  }

  refused(code: string): void {
    this.#refused[code] = (this.#refused[code] ?? 0) + 1
  }

  stats(links: number): AdapterStats {
    const { links: linksEver, sent, received } = this.traffic
    return {
      sessions: { ...this.#sessions },
      links,
      ever: {
        sessions: this.#sessionsEver,
        links: linksEver,
        sent: { ...sent },
        received: { ...received },
        ended: { ...this.#ended },
        refused: { ...this.#refused },
      },
    }
  }
}
