import { paths, type StackId, type Step } from '../serve/news.ts'
import type { CallViews, PageSide } from './calls.ts'
import { byId } from './element.ts'
import { bareParts, EnvelopeReader, earlyFrame } from './frame-parts.ts'
import { Ladder } from './ladder.ts'
import type { WireEvent } from './wire.ts'

/** Draws the call that goes on, over both stacks, from what the tap and the server tell. */
export class LadderViews implements CallViews {
  readonly #ladders = { bare: new Ladder(byId('bare-ladder')), lastword: new Ladder(byId('lastword-ladder')) }
  #call = ''
  #reader = new EnvelopeReader()
  /** Whether the server has handed the Answer of the call to its bare WebSocket. */
  #bareAnswered = false

  constructor() {
    wire.addEventListener('wire', (event) => this.#wire((event as CustomEvent<WireEvent>).detail))
  }

  begin(call: string): void {
    this.#call = call
    this.#reader = new EnvelopeReader()
    this.#bareAnswered = false
    for (const stack of ['bare', 'lastword'] as const) {
      this.#ladders[stack].begin()
      this.#verdict(stack, '', '')
    }
    byId('ladders').hidden = false
  }

  over(call: string, stack: StackId, { answered, sent }: PageSide, handled: number | undefined): void {
    if (call !== this.#call) return
    const ladder = this.#ladders[stack]
    const lost = handled === undefined ? 0 : sent - handled
    if (lost > 0) ladder.lostStatistics(lost, sent)
    if (!answered && this.#bareAnswered && stack === 'bare') ladder.lost('server', 'Answer', 'never arrived')
    if (handled === undefined) return this.#verdict(stack, 'The server has not said how it ended', '')
    const words = [...(answered ? [] : ['Answer lost']), ...(lost > 0 ? [`${lost} messages lost`] : [])]
    this.#verdict(stack, words.join(', ') || 'Nothing lost', words.length > 0 ? 'lost' : 'kept')
  }

  step(call: string, stack: StackId, step: Step): void {
    if (call !== this.#call) return
    if (step === 'answered') {
      if (stack === 'bare') this.#bareAnswered = true
      return
    }
    const { words, bad } = stepWords[step]
    this.#ladders[stack].serverDid(words, bad ? 'bad' : 'plain')
  }

  #wire({ url, kind, protocols = [], data, code }: WireEvent): void {
    const { pathname, searchParams } = new URL(url)
    if (searchParams.get('call') !== this.#call) return
    const stack: StackId = pathname === paths.bare ? 'bare' : 'lastword'
    const ladder = this.#ladders[stack]
    const partsOf = (from: 'page' | 'server', frame: unknown) =>
      stack === 'bare' ? bareParts(frame, from) : this.#reader.parts(frame, from)
    switch (kind) {
      case 'opening': {
        const early = earlyFrame(protocols)
        if (early !== undefined) ladder.frame('page', partsOf('page', early), 'with the upgrade request')
        return
      }
      case 'open':
        return ladder.event('connected')
      case 'sent':
        return ladder.frame('page', partsOf('page', data))
      case 'received':
        return ladder.frame('server', partsOf('server', data))
      case 'closing':
        return ladder.event('the page closes')
      case 'closed':
        return ladder.end(closeWords(code ?? 0), code === 1006 ? 'bad' : 'plain')
    }
  }

  #verdict(stack: StackId, words: string, tone: string): void {
    const verdict = byId(`${stack}-verdict`)
    verdict.textContent = words
    verdict.className = `verdict ${tone}`
  }
}

const stepWords: Record<Exclude<Step, 'answered'>, { words: string; bad?: true }> = {
  cut: { words: 'the connection is reset', bad: true },
  blocked: { words: 'the server stands still', bad: true },
  closes: { words: 'the server closes' },
  terminates: { words: 'the server disconnects' },
  'answer-kept': { words: 'the server has the Answer, and no connection', bad: true },
}

function closeWords(code: number): string {
  return code === 1006 ? 'connection lost, 1006' : `connection closed, ${code}`
}
