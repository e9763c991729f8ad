import type { Envelope } from '../../src/envelope.ts'
import type { Clock } from './clock.ts'

/** The story of a run as a ladder: the client on the left, the server on the right, time going down. */
export class Trace {
  readonly lines: string[] = []
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** An envelope or more leaves (`─▶`) or arrives (`▶|`). A frame of keepalives alone is no part of the story. */
  frame(from: 'client' | 'server', link: string, arrived: boolean, envelopes: readonly Envelope[]): void {
    if (envelopes.every(({ t }) => t === 'ping' || t === 'pong')) return
    const words = envelopes.map(wordsOf).join(', ')
    const arrow = from === 'client' ? (arrived ? '────▶|' : '─────▶') : arrived ? '|◀────' : '◀─────'
    this.#line(`${from === 'client' ? 'C' : '    S'} ${arrow} ${link} ${words}`)
  }

  say(who: string, what: string): void {
    this.#line(`${who}: ${what}`)
  }

  #line(text: string): void {
    this.lines.push(`${this.#clock.now.toFixed(1).padStart(9)}  ${text}`)
  }
}

function wordsOf(envelope: Envelope): string {
  switch (envelope.t) {
    case 'hello':
      return `hello link ${envelope.link} ${envelope.fresh ? 'fresh' : 'again'} got ${envelope.got}`
    case 'welcome':
      return `welcome ${envelope.resumed ? 'back ' : ''}got ${envelope.got}`
    case 'msg':
      return `msg ${envelope.seq} ${envelope.id}${envelope.ask ? ' ask' : ''}${envelope.re ? ` re ${envelope.re}` : ''}`
    case 'ack':
      return `ack ${envelope.n}${envelope.also ? ` ${JSON.stringify(envelope.also)}` : ''}`
    case 'fin':
      return `fin ${envelope.seq}`
    case 'reset':
      return `reset ${envelope.code}`
    case 'cancel':
      return `cancel ${envelope.re}`
    default:
      return envelope.t
  }
}
