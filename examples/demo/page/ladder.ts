import { element } from './element.ts'
import type { FramePart } from './frame-parts.ts'

export type Side = 'page' | 'server'

/** Rows that are drawn of one call; a call that needs more is not worth reading to the end. */
const rowsMax = 60

interface FrameRow {
  from: Side
  parts: FramePart[]
  words: HTMLElement
  note: HTMLElement
  item: HTMLElement
}

/** Draws one call as it happens: frames as arrows between two lines, and what happened to the connection. */
export class Ladder {
  readonly #list: HTMLElement
  #start = 0
  /** The rows that more of the same may go into: the last ones, as long as nothing else comes. */
  #open: FrameRow[] = []
  /** The page's statistics. */
  #statistics: FrameRow | undefined
  /** Where the first connection ended: what the server did came before that. */
  #end: HTMLElement | undefined
  #rows = 0

  constructor(list: HTMLElement) {
    this.#list = list
  }

  /** Begins anew, for a call that starts now. */
  begin(): void {
    this.#list.replaceChildren()
    this.#start = performance.now()
    this.#open = []
    this.#statistics = undefined
    this.#end = undefined
    this.#rows = 0
  }

  /** A frame has left the page, or has arrived there. */
  frame(from: Side, parts: FramePart[], note = ''): void {
    const [first, ...others] = parts
    if (first === undefined) return
    const runs = others.length === 0 && (first.kind === 'statistics' || first.kind === 'ack')
    if (runs && this.#joined(from, first)) return
    const row = this.#frameRow(from, parts, note)
    if (row === undefined) return
    if (runs) this.#open.push(row)
    else this.#open = []
    if (from === 'page' && parts.some(({ kind }) => kind === 'statistics')) this.#statistics = row
  }

  /** Something left one side and never came to the other. */
  lost(from: Side, words: string, note: string): void {
    this.#frameRow(from, [{ kind: 'other', words, count: 1 }], note)?.item.classList.add('lost')
  }

  /** So many of the page's statistics never came to the server's application. */
  lostStatistics(lost: number, of: number): void {
    if (this.#statistics === undefined) return
    this.#statistics.item.classList.add('lost')
    this.#statistics.note.textContent = `${lost === of ? `all ${of}` : `${lost} of ${of}`} lost`
  }

  /** Something that happened to the connection, or on the page's side. */
  event(words: string, tone: 'plain' | 'bad' = 'plain'): void {
    this.#open = []
    this.#add(`event ${tone}`, element('p', 'words', words))
  }

  /** The connection has ended. */
  end(words: string, tone: 'plain' | 'bad'): void {
    this.#open = []
    const item = this.#add(`event ${tone}`, element('p', 'words', words))
    this.#end ??= item
  }

  /** Something that the server did. It has no time: the page may hear of it only after what came of it. */
  serverDid(words: string, tone: 'plain' | 'bad'): void {
    this.#open = []
    const item = this.#add(`event ${tone}`, element('p', 'words', words))
    item?.querySelector('.time')?.replaceChildren()
    if (item !== undefined) this.#end?.before(item)
  }

  /**
   * More of the same goes into one row: statistics are many, and of acknowledgements the newest says it all. Where the
   * two alternate, there is one row of each.
   */
  #joined(from: Side, part: FramePart): boolean {
    const row = this.#open.find((open) => open.from === from && open.parts[0]?.kind === part.kind)
    const [old] = row?.parts ?? []
    if (row === undefined || old === undefined) return false
    if (part.kind === 'ack') old.words = part.words
    else if (old.words === part.words) old.count += part.count
    else return false
    row.words.replaceChildren(...wordsOf(row.parts))
    return true
  }

  #frameRow(from: Side, parts: FramePart[], note: string): FrameRow | undefined {
    const words = element('span', 'words')
    words.append(...wordsOf(parts))
    const noteElement = element('span', 'note', note)
    const direction = element(
      'span',
      'visually-hidden',
      from === 'page' ? 'page to server: ' : 'server to page: ',
    )
    const label = element('p', 'label')
    label.append(direction, words, ' ', noteElement)
    const item = this.#add(`from-${from}`, label, element('span', 'arrow'))
    return item && { from, parts, words, note: noteElement, item }
  }

  #add(kind: string, ...content: HTMLElement[]): HTMLElement | undefined {
    this.#rows++
    if (this.#rows > rowsMax) return undefined
    const ms = Math.round(performance.now() - this.#start)
    const time = element('span', 'time', `${ms}`)
    time.append(element('span', 'visually-hidden', ' ms, '))
    const wire = element('div', 'wire')
    wire.append(...content)
    const item = element('li', `row ${kind}`)
    item.append(time, wire)
    this.#list.append(item)
    return item
  }
}

function wordsOf(parts: readonly FramePart[]): Array<HTMLElement | string> {
  return parts.flatMap(({ kind, words, count }, index) => [
    ...(index === 0 ? [] : [' · ']),
    element('span', `part ${kind}`, count > 1 ? `${words} × ${count}` : words),
  ])
}
