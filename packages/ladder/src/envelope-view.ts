import type { SeqRange } from './acknowledged.ts'
import { plainText } from './plain-text.ts'
import type { TracedEnvelope } from './trace-line.ts'

/** `replay`: sent again on another link. `duplicate`: received again, and dropped. */
export type Mark = 'replay' | 'duplicate'

/** An envelope in words. */
export interface EnvelopeView {
  t: string
  /** What it says, as `msg 3 candidate, asks for a reply`. */
  words: string
  id: string | undefined
  /** What it acknowledges that was not acknowledged before. */
  handles: string | undefined
  /** As JSON, where the trace has it. */
  payload: string | undefined
  mark: Mark | undefined
}

export function viewOf(
  envelope: TracedEnvelope,
  { handles, mark }: Pick<EnvelopeView, 'handles' | 'mark'>,
): EnvelopeView {
  const { t, id, d } = envelope
  return {
    t: short(t),
    words: wordsOf(envelope),
    id: typeof id === 'string' ? short(id) : undefined,
    handles,
    payload: d === undefined ? undefined : plainText(JSON.stringify(d), payloadCharsMax),
    mark,
  }
}

/** What an ack newly covers, neighbours of one name in one, with the names as far as they are known. */
export function handledWords(
  ranges: readonly SeqRange[],
  nameOf: (seq: number) => string | undefined,
): string {
  const runs: Run[] = []
  for (const [from, to] of ranges) {
    // Of so many, no trace that is kept in bounds has all the names.
    if (to - from >= namedMax) runs.push({ from, to, name: undefined })
    else for (let seq = from; seq <= to; seq++) addTo(runs, seq, nameOf(seq))
  }
  if (runs.length === 0) return 'nothing new'
  const shown = runs.slice(0, handledShown).map(({ from, to, name }) => {
    const which = from === to ? `${from}` : `${from} to ${to}`
    return name === undefined ? which : `${which} ${name}`
  })
  const more = runs.slice(handledShown).reduce((sum, { from, to }) => sum + to - from + 1, 0)
  return more === 0 ? shown.join(', ') : `${shown.join(', ')} and ${more} more`
}

interface Run {
  from: number
  to: number
  name: string | undefined
}

function addTo(runs: Run[], seq: number, name: string | undefined): void {
  const last = runs.at(-1)
  if (last !== undefined && last.to === seq - 1 && last.name === name) last.to = seq
  else runs.push({ from: seq, to: seq, name })
}

/** A message's name, as an ack that covers it repeats it. */
export function nameOf({ t, ch, re }: TracedEnvelope): string {
  if (t === 'fin') return 'fin'
  if (re !== undefined) return 'reply'
  return typeof ch === 'string' ? short(ch) : 'message'
}

const payloadCharsMax = 2000
const handledShown = 5
const namedMax = 4096
const shortMax = 120

function wordsOf(envelope: TracedEnvelope): string {
  const { t, seq, n, ch, re, got, code, reason } = envelope
  const because = typeof reason === 'string' && reason !== '' ? `, “${short(reason)}”` : ''
  switch (t) {
    case 'hello': {
      const what =
        envelope.fresh === true ? 'hello, fresh' : `hello, resumes, has received up to ${shown(got)}`
      return `${what}${typeof envelope.agent === 'string' ? `, from ${short(envelope.agent)}` : ''}`
    }
    case 'welcome':
      return envelope.resumed === true ? `welcome, resumed, has received up to ${shown(got)}` : 'welcome'
    case 'msg':
      return `msg ${shown(seq)}${ch === undefined ? '' : ` ${shown(ch)}`}${messageWords(envelope)}`
    case 'ack':
      return `ack ${shown(n)}${alsoWords(envelope.also)}`
    case 'fin':
      return `fin ${shown(seq)}${code === undefined ? '' : `, code ${shown(code)}`}${because}`
    case 'cancel':
      return `cancel, of ${shown(re)}`
    case 'note':
      return ch === undefined ? 'note' : `note ${shown(ch)}`
    case 'ping':
    case 'pong':
      return `${t} ${shown(envelope.k)}`
    case 'away':
      return `away, after ${shown(envelope.after)} ms${because}`
    case 'reset':
      return `reset ${shown(code)}${because}`
    default:
      return short(t)
  }
}

function messageWords({ ask, re, err }: TracedEnvelope): string {
  const code = (err as { code?: unknown } | null | undefined)?.code
  const answers = re === undefined ? '' : `, replies to ${shown(re)}`
  return `${answers}${code === undefined ? '' : `, error ${shown(code)}`}${ask === true ? ', asks for a reply' : ''}`
}

function alsoWords(also: unknown): string {
  if (!Array.isArray(also) || also.length === 0) return ''
  const ranges = also.slice(0, handledShown).map((range) => {
    const [from, to] = Array.isArray(range) ? range : []
    return from === to ? shown(from) : `${shown(from)} to ${shown(to)}`
  })
  const more = also.length - ranges.length
  return ` and ${ranges.join(', ')}${more > 0 ? ` and ${more} ranges more` : ''}`
}

/** A value that should be a number or a short string; a trace may say anything. */
function shown(value: unknown): string {
  if (typeof value === 'string') return short(value)
  return short(value === undefined ? '?' : JSON.stringify(value))
}

function short(text: string): string {
  return plainText(text, shortMax)
}
