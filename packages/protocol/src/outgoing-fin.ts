import type { FinEnvelope } from './envelope.ts'
import type { JournalState } from './journal.ts'
import { utf8Length } from './utf8.ts'

/** The end of one direction, which its sender has asked for. */
export class OutgoingFin {
  /** 0 until it is first transmitted. */
  seq = 0
  /** The most that its envelope can take. */
  readonly bytes: number

  constructor(
    readonly code: number | undefined,
    readonly reason: string | undefined,
    /** The write of the journal that has it. */
    readonly write: number,
  ) {
    this.bytes = headBytesMax + (reason === undefined ? 0 : utf8Length(JSON.stringify(reason)))
  }

  toEnvelope(): FinEnvelope {
    const fin: FinEnvelope = { t: 'fin', seq: this.seq }
    if (this.code !== undefined) fin.code = this.code
    if (this.reason !== undefined) fin.reason = this.reason
    return fin
  }

  toJournal(): NonNullable<JournalState['out']['fin']> {
    const { seq, code, reason } = this
    return { seq, ...(code === undefined ? {} : { code }), ...(reason === undefined ? {} : { reason }) }
  }
}

/** `{"t":"fin","seq":9007199254740991,"code":4999,"reason":}` */
const headBytesMax = 64
