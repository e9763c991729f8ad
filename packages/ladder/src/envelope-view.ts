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

/** What an ack newly covers, with the names of the messages as far as they are known. */
export function handledWords(
  ranges: readonly SeqRange[],
  nameOf: (seq: number) => string | undefined,
): string {
  const parts: string[] = []
  let more = 0
  for (const [from, to] of ranges) {
    for (let seq = from; seq <= to; seq++) {
      const name = nameOf(seq)
      if (parts.length >= handledShown) {
        more += to - seq + 1
        break
      }
      if (name === undefined && to > seq) {
        parts.push(`${seq} to ${to}`)
        break
      }
      parts.push(name === undefined ? `${seq}` : `${seq} ${name}`)
    }
  }
  if (parts.length === 0) return 'nothing new'
  return more === 0 ? parts.join(', ') : `${parts.join(', ')} and ${more} more`
}

/** A message's name, as an ack that covers it repeats it. */
export function nameOf({ t, ch, re }: TracedEnvelope): string {
  if (t === 'fin') return 'fin'
  if (re !== undefined) return 'reply'
  return typeof ch === 'string' ? short(ch) : 'message'
}

const payloadCharsMax = 2000
const handledShown = 5
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
