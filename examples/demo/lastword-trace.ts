import type { LadderEvent } from './ladder-event.ts'

/** What the SDK's `trace` option tells, as far as the diagram uses it: an envelope, or a link's beginning or end. */
export interface TraceRecord {
  /** When, in ms. */
  at: number
  /** Which connection of the session. */
  link: number
  /** `link-opened` and `link-ended`; anything else is taken for an envelope if it has one. */
  type?: string
  dir?: 'in' | 'out'
  envelope?: TracedEnvelope
  /** The close code, where a link ended. */
  code?: number
  /** False where a link ended without its close handshake. */
  clean?: boolean
}

/** An envelope; which fields it has depends on `t`. */
export interface TracedEnvelope {
  t: string
  [field: string]: unknown
}

/** Turns what the client traces into lines of the diagram. What the client never saw is not in it. */
export function traceToLadder(sink: (event: LadderEvent) => void): (record: TraceRecord) => void {
  return (record) => {
    const { at, link, envelope } = record
    if (record.type === 'link-opened') {
      sink({ at, kind: 'link-opened', from: 'client', link, label: `connection ${link} opened` })
    } else if (record.type === 'link-ended') {
      const cut = record.clean === false
      const label = `connection ${link} ${cut ? 'was cut' : `closed with ${record.code}`}`
      sink({ at, kind: 'link-ended', from: 'client', link, label, cut })
    } else if (envelope !== undefined) {
      const from = record.dir === 'in' ? 'server' : 'client'
      const group = groupOf(envelope)
      sink({
        at,
        kind: 'envelope',
        from,
        link,
        label: labelOf(envelope),
        ...(group === undefined ? {} : { group }),
      })
    }
  }
}

function labelOf(envelope: TracedEnvelope): string {
  const { t, seq, n, ch, got } = envelope
  switch (t) {
    case 'hello':
      return envelope.fresh ? 'hello, fresh' : `hello, resume, got ${got}`
    case 'welcome':
      return envelope.resumed ? `welcome, resumed, got ${got}` : 'welcome'
    case 'msg':
      if (envelope.re !== undefined) return `msg ${seq}: the reply`
      return `msg ${seq}: ${ch ?? 'message'}${envelope.ask ? ', asks for a reply' : ''}`
    case 'ack':
      return `ack ${n}`
    case 'fin':
      return `fin ${seq}`
    case 'reset':
      return `reset ${envelope.code}`
    default:
      return t
  }
}

/** Only what comes in numbers is drawn together. */
function groupOf({ t, ch, re, ask }: TracedEnvelope): string | undefined {
  if (t === 'ack') return 'ack'
  if (t === 'msg' && re === undefined && !ask) return `msg ${ch}`
  return undefined
}
