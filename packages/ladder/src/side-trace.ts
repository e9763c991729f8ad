import { Acknowledged, type SeqRange } from './acknowledged.ts'
import { type EnvelopeView, handledWords, type Mark, nameOf, viewOf } from './envelope-view.ts'
import { type Kept, Retained } from './retained.ts'
import type {
  Dir,
  EnvelopeLine,
  GarbageLine,
  LinkEndedLine,
  SessionLine,
  TracedEnvelope,
} from './trace-line.ts'

/** One link, as one side saw it. */
export interface LinkTrace {
  /** The side's own number of it. */
  id: number
  /** What both sides call it, once its `hello` was seen. */
  hello: number | undefined
  opened: boolean
  ended: boolean
  frames: Record<Dir, number>
  envelopes: Record<Dir, number>
}

/** Something that one side saw. */
export type Moment = LinkMoment | FrameMoment

export interface LinkMoment {
  kind: 'link'
  at: number
  link: LinkTrace
  /** How it ended; absent where it was opened. */
  end: Pick<LinkEndedLine, 'code' | 'reason' | 'clean' | 'failure'> | undefined
}

export interface FrameMoment {
  kind: 'frame'
  at: number
  link: LinkTrace
  dir: Dir
  /** Which frame of its link and direction it is, from 1. */
  ordinal: number
  bytes: number
  /** It could not be decoded. */
  garbage: boolean
  /** Envelopes in it. */
  count: number
  first: EnvelopeView[]
  /** The last ones, if there are more than `first` holds. */
  last: EnvelopeView[]
  /** Made of what the envelopes say, so that both sides' views of a frame have the same one. */
  signature: number
}

export interface SideCounts {
  frames: number
  envelopes: Record<Dir, number>
  bytes: Record<Dir, number>
  replays: number
  duplicates: number
  garbage: number
  links: number
}

/** One side of one session, taken line by line. Keeps the frames to draw, and counts all of them. */
export class SideTrace {
  readonly counts: SideCounts = {
    frames: 0,
    envelopes: { in: 0, out: 0 },
    bytes: { in: 0, out: 0 },
    replays: 0,
    duplicates: 0,
    garbage: 0,
    links: 0,
  }
  /** When the first and the latest line were made, on this side's clock. */
  firstAt: number | undefined
  lastAt = 0
  /** How often the clock went back: another process has gone on with the session. */
  clockJumps = 0
  /** The code of the `reset` that ended the session. */
  reset: string | undefined

  readonly #moments: Retained<Moment>
  readonly #links = new Map<number, LinkTrace>()
  readonly #byHello = new Map<number, LinkTrace>()
  readonly #directions: Record<Dir, Direction> = { in: new Direction(), out: new Direction() }
  #shiftMs = 0
  #open: { frame: number; moment: FrameMoment } | undefined

  constructor(framesMax: number) {
    this.#moments = new Retained(framesMax)
  }

  take(line: SessionLine): void {
    const at = this.#timeOf(line)
    if (line.type === 'envelope' || line.type === 'garbage') return this.#takeFramed(line, at)
    this.finish()
    const link = this.#linkOf(line.link, line.type === 'link-opened' ? 'opened' : undefined)
    if (line.type === 'link-opened') {
      link.opened = true
      this.#moments.push({ kind: 'link', at, link, end: undefined }, true)
    } else {
      link.ended = true
      const { code, reason, clean, failure } = line
      this.#moments.push({ kind: 'link', at, link, end: { code, reason, clean, failure } }, true)
    }
  }

  /** The frame that was being taken has no more envelopes. */
  finish(): void {
    const open = this.#open
    if (open === undefined) return
    this.#open = undefined
    const { moment } = open
    const views = [...moment.first, ...moment.last]
    this.#moments.push(moment, moment.garbage || views.some(({ t, mark }) => isRare(t) || mark !== undefined))
  }

  moments(): Kept<Moment>[] {
    this.finish()
    return this.#moments.items()
  }

  /** The link that the other side calls by this number, or `'forgotten'` where there were too many to tell. */
  linkCalled(hello: number): LinkTrace | 'forgotten' | undefined {
    const link = this.#byHello.get(hello)
    return link === undefined && this.#byHello.size >= linksMax ? 'forgotten' : link
  }

  *linksWithHello(): Iterable<LinkTrace> {
    yield* this.#byHello.values()
  }

  /** True if the `fin` that went this way was acknowledged. */
  finished(dir: Dir): boolean {
    const { fin, acknowledged } = this.#directions[dir]
    return fin !== undefined && acknowledged.has(fin)
  }

  /** What a trace says in one order is drawn in that order: where its clock goes back, time goes on from there. */
  #timeOf(line: SessionLine): number {
    let at = line.at + this.#shiftMs
    if (this.firstAt === undefined) {
      this.firstAt = at
    } else if (at < this.lastAt) {
      this.clockJumps++
      this.#shiftMs += this.lastAt - at
      at = this.lastAt
    }
    this.lastAt = at
    return at
  }

  #takeFramed(line: EnvelopeLine | GarbageLine, at: number): void {
    const { dir, frame, bytes } = line
    const open = this.#open
    const envelope = line.type === 'envelope' ? line.envelope : undefined
    const isHello = envelope?.t === 'hello'
    if (open === undefined || open.frame !== frame || open.moment.dir !== dir || isHello) {
      this.finish()
      const link = this.#linkOf(line.link, isHello ? 'hello' : undefined)
      if (isHello) this.#introduce(link, envelope)
      this.#open = { frame, moment: this.#newFrame(link, dir, bytes, at, envelope === undefined) }
    }
    const moment = this.#open?.moment
    if (moment === undefined) return
    if (envelope === undefined) {
      this.counts.garbage++
      return
    }
    moment.count++
    moment.link.envelopes[dir]++
    this.counts.envelopes[dir]++
    moment.signature = signed(moment.signature, envelope)
    const view = this.#view(envelope, dir)
    if (moment.first.length < shownMax) moment.first.push(view)
    else if (moment.last.push(view) > shownMax) moment.last.shift()
  }

  #newFrame(link: LinkTrace, dir: Dir, bytes: number, at: number, garbage: boolean): FrameMoment {
    const ordinal = ++link.frames[dir]
    this.counts.frames++
    this.counts.bytes[dir] += bytes
    return {
      kind: 'frame',
      at,
      link,
      dir,
      ordinal,
      bytes,
      garbage,
      count: 0,
      first: [],
      last: [],
      signature: bytes,
    }
  }

  /** `begins`: what the line says of a link's beginning. A process that goes on with a session counts its links from 1 again. */
  #linkOf(id: number, begins: 'opened' | 'hello' | undefined): LinkTrace {
    const known = this.#links.get(id)
    if (known !== undefined && !known.ended) {
      const begun = begins === 'hello' ? known.hello !== undefined : begins === 'opened' && known.opened
      if (!begun) return known
    }
    const link: LinkTrace = {
      id,
      hello: undefined,
      opened: false,
      ended: false,
      frames: { in: 0, out: 0 },
      envelopes: { in: 0, out: 0 },
    }
    this.#links.delete(id)
    this.#links.set(id, link)
    this.counts.links++
    if (this.#links.size > linksMax) this.#links.delete(this.#links.keys().next().value as number)
    return link
  }

  #introduce(link: LinkTrace, hello: TracedEnvelope): void {
    if (typeof hello.link !== 'number') return
    link.hello = hello.link
    if (this.#byHello.size < linksMax) this.#byHello.set(hello.link, link)
  }

  #view(envelope: TracedEnvelope, dir: Dir): EnvelopeView {
    const { t, seq, code } = envelope
    let mark: Mark | undefined
    let handles: string | undefined
    if (typeof seq === 'number' && (t === 'msg' || t === 'fin')) {
      const again = this.#directions[dir].saw(seq, envelope)
      if (again && dir === 'out') {
        this.counts.replays++
        mark = 'replay'
      } else if (again) {
        this.counts.duplicates++
        mark = 'duplicate'
      }
    } else if (t === 'ack') {
      handles = this.#directions[dir === 'in' ? 'out' : 'in'].handled(envelope)
    } else if (t === 'reset') {
      this.reset ??= String(code)
    }
    return viewOf(envelope, { handles, mark })
  }
}

/** What goes one way: how far it has come, and what of it is acknowledged. */
class Direction {
  readonly acknowledged = new Acknowledged()
  fin: number | undefined
  #highest = 0
  readonly #names = new Map<number, string>()

  /** Returns true if it had gone this way before. */
  saw(seq: number, envelope: TracedEnvelope): boolean {
    if (envelope.t === 'fin') this.fin = seq
    if (seq <= this.#highest) return true
    this.#highest = seq
    this.#names.set(seq, nameOf(envelope))
    if (this.#names.size > namesMax) this.#names.delete(this.#names.keys().next().value as number)
    return false
  }

  handled({ n, also }: TracedEnvelope): string {
    const ranges = this.acknowledged.take(typeof n === 'number' ? n : 0, rangesIn(also))
    const words = handledWords(ranges, (seq) => this.#names.get(seq))
    for (const [from, to] of ranges) {
      if (to - from < namesMax) for (let seq = from; seq <= to; seq++) this.#names.delete(seq)
    }
    return words
  }
}

/** Envelopes that are shown of one frame: so many from its beginning, so many from its end. */
const shownMax = 32
const linksMax = 10_000
const namesMax = 4096

/** What a session says seldom, and a reader looks for. */
function isRare(t: string): boolean {
  return t !== 'msg' && t !== 'ack' && t !== 'note' && t !== 'ping' && t !== 'pong'
}

function rangesIn(also: unknown): SeqRange[] {
  if (!Array.isArray(also)) return []
  return also.filter(
    (range): range is SeqRange =>
      Array.isArray(range) && Number.isSafeInteger(range[0]) && Number.isSafeInteger(range[1]),
  )
}

/** FNV-1a over what names an envelope; payloads, which only one side may have traced, are not part of it. */
function signed(signature: number, { t, seq, n, id, k, got, link }: TracedEnvelope): number {
  let hash = signature | 0
  for (const character of `${t} ${seq} ${n} ${id} ${k} ${got} ${link}`) {
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193)
  }
  return hash
}
