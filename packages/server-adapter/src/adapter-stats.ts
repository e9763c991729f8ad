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

/** A session, and the state as which it counts; none once it does not. */
export interface Counted {
  countedAs: SessionState | undefined
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

  /** A session is here, in this state: it was made, or has come from the journal. */
  made(session: Counted, state: SessionState): void {
    this.#sessionsEver++
    session.countedAs = state
    this.#sessions[state]++
  }

  moved(session: Counted, state: SessionState): void {
    if (session.countedAs === undefined) return
    this.gone(session)
    session.countedAs = state
    this.#sessions[state]++
  }

  /** A session is not here any more: it is over and forgotten, or has gone into other hands. */
  gone(session: Counted): void {
    if (session.countedAs === undefined) return
    this.#sessions[session.countedAs]--
    session.countedAs = undefined
  }

  ended(code: string): void {
    this.#ended[code] = (this.#ended[code] ?? 0) + 1
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
