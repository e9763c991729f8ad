import type { TraceLine } from '../src/index.ts'
import { Traces, type TracesOptions } from '../src/index.ts'

type Side = 'client' | 'server'

/** Writes a trace by hand: one side's lines, with its frames counted. */
export class Writer {
  readonly lines: TraceLine[] = []
  readonly #side: Side
  readonly #sid: string
  #frames = 0

  constructor(side: Side, sid = 's') {
    this.#side = side
    this.#sid = sid
  }

  opened(at: number, link = 1): this {
    this.lines.push({ ...this.#origin(at, link), type: 'link-opened' })
    return this
  }

  ended(at: number, link = 1, code = 1000, reason = ''): this {
    this.lines.push({ ...this.#origin(at, link), type: 'link-ended', code, reason, clean: code === 1000 })
    return this
  }

  frame(at: number, dir: 'in' | 'out', envelopes: Array<{ t: string }>, link = 1): this {
    const frame = ++this.#frames
    const bytes = 100
    for (const envelope of envelopes) {
      this.lines.push({ ...this.#origin(at, link), type: 'envelope', dir, frame, bytes, envelope })
    }
    return this
  }

  garbage(at: number, dir: 'in' | 'out', bytes = 100, link = 1): this {
    this.lines.push({ ...this.#origin(at, link), type: 'garbage', dir, frame: ++this.#frames, bytes })
    return this
  }

  #origin(at: number, link: number) {
    return { at, sid: this.#sid, side: this.#side, link }
  }
}

export const hello = (link = 1) => ({ t: 'hello', link, fresh: link === 1, got: 0 })
export const msg = (seq: number, id = `m${seq}`) => ({ t: 'msg', seq, id, ch: 'n' })
export const ack = (n: number, also?: Array<[number, number]>) => ({ t: 'ack', n, ...(also && { also }) })

export function tracesOf(lines: Iterable<TraceLine>, options?: TracesOptions): Traces {
  const traces = new Traces(options)
  for (const line of lines) traces.take(line)
  return traces
}

export function toText(lines: Iterable<object>): string {
  return [...lines].map((line) => `${JSON.stringify(line)}\n`).join('')
}
