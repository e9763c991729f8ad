import { type Alignment, ClockBounds } from './alignment.ts'
import type { EnvelopeView } from './envelope-view.ts'
import type { Kept } from './retained.ts'
import type { SessionTrace } from './session-trace.ts'
import type { FrameMoment, LinkMoment, LinkTrace, Moment, SideTrace } from './side-trace.ts'
import type { Side } from './trace-line.ts'

/** A session, ready to be drawn. */
export interface Story {
  sid: string
  client: SideTrace | undefined
  server: SideTrace | undefined
  /** There where both sides are known. */
  alignment: Alignment | undefined
  /** When it begins, on the client's clock where both sides are known. */
  start: number
  end: number
  rows: Row[]
  /** Envelopes that one side sent and the other one's trace has not; 0 where only one side is known. */
  missing: number
}

export type Row = LinkRow | FrameRow | LeftOutRow

interface LinkRow {
  kind: 'link'
  at: number
  side: Side
  link: number
  end: LinkMoment['end']
}

export interface FrameRow {
  kind: 'frame'
  at: number
  from: Side
  link: number
  /** Whose trace it is in: its sender's, its receiver's or both. */
  seenBy: 'both' | Side
  /** It left, and the receiver's trace, which is there, has it not. */
  missing: boolean
  /** How long it took, where both sides saw it, as well as the clocks are known. */
  tookMs: number | undefined
  bytes: number
  garbage: boolean
  /** Envelopes in it; `first` and `last` are those that are shown. */
  count: number
  first: EnvelopeView[]
  last: EnvelopeView[]
}

interface LeftOutRow {
  kind: 'left-out'
  at: number
  side: Side
  /** Frames and links of that side's trace that are not drawn. */
  count: number
}

/** Puts both sides of a session together: a frame that both saw is one row, and clocks that differ are aligned. */
export function tellStory({ sid, client, server }: SessionTrace): Story {
  const moments = { client: client?.moments() ?? [], server: server?.moments() ?? [] }
  const frames = { client: framesOf(moments.client), server: framesOf(moments.server) }
  const arrivals = new Map<FrameMoment, FrameMoment>()
  const bounds = new ClockBounds()
  for (const [sent, received] of pairs(frames.client, frames.server)) {
    arrivals.set(sent, received)
    bounds.toServer(sent.at, received.at)
  }
  for (const [sent, received] of pairs(frames.server, frames.client)) {
    arrivals.set(sent, received)
    bounds.toClient(sent.at, received.at)
  }
  const both = client !== undefined && server !== undefined
  const alignment = both
    ? bounds.alignment({ client: client.firstAt ?? 0, server: server.firstAt ?? 0 })
    : undefined
  const offsetMs = alignment?.offsetMs ?? 0
  const arrived = new Set(arrivals.values())
  const clientRows = rowsOf('client', moments.client, 0, server, arrivals, arrived, offsetMs)
  const serverRows = rowsOf('server', moments.server, offsetMs, client, arrivals, arrived, 0)
  const rows = merged(clientRows, serverRows)
  return {
    sid,
    client,
    server,
    alignment,
    start: Math.min(client?.firstAt ?? Infinity, (server?.firstAt ?? Infinity) - offsetMs),
    end: Math.max(client?.lastAt ?? -Infinity, (server?.lastAt ?? -Infinity) - offsetMs),
    rows,
    missing: both ? notArrived(client, server) + notArrived(server, client) : 0,
  }
}

function framesOf(moments: Kept<Moment>[]): FrameMoment[] {
  return moments.flatMap(({ item }) => (item.kind === 'frame' ? [item] : []))
}

/**
 * Frames that one side sent and the other received. A link delivers in order and leaves nothing out before its end, so
 * the nth sent is the nth received; only where a trace has holes its neighbours are looked at too.
 */
function* pairs(sender: FrameMoment[], receiver: FrameMoment[]): Iterable<[FrameMoment, FrameMoment]> {
  const sent = new Map<string, FrameMoment>()
  for (const frame of sender) {
    if (frame.dir === 'out' && frame.link.hello !== undefined)
      sent.set(keyOf(frame.link, frame.ordinal), frame)
  }
  const shifts = new Map<LinkTrace, number>()
  for (const frame of receiver) {
    if (frame.dir !== 'in' || frame.link.hello === undefined) continue
    const shift = shifts.get(frame.link) ?? 0
    const found = nearest(shift, (tried) => {
      const candidate = sent.get(keyOf(frame.link, frame.ordinal + tried))
      return candidate !== undefined && same(candidate, frame) ? candidate : undefined
    })
    if (found === undefined) continue
    shifts.set(frame.link, found.shift)
    sent.delete(keyOf(frame.link, frame.ordinal + found.shift))
    yield [found.value, frame]
  }
}

function nearest<T>(
  shift: number,
  look: (shift: number) => T | undefined,
): { shift: number; value: T } | undefined {
  for (let distance = 0; distance <= shiftMax; distance++) {
    for (const tried of distance === 0 ? [shift] : [shift + distance, shift - distance]) {
      const value = look(tried)
      if (value !== undefined) return { shift: tried, value }
    }
  }
  return undefined
}

/** So many frames of a link may be missing in a trace before its sides no longer find together. */
const shiftMax = 64

function keyOf({ hello }: LinkTrace, ordinal: number): string {
  return `${hello} ${ordinal}`
}

function same(sent: FrameMoment, received: FrameMoment): boolean {
  // What could not be decoded has nothing to be known by but its length and its place.
  if (received.garbage) return sent.bytes === received.bytes
  return sent.signature === received.signature
}

function rowsOf(
  side: Side,
  moments: Kept<Moment>[],
  offsetMs: number,
  peer: SideTrace | undefined,
  arrivals: Map<FrameMoment, FrameMoment>,
  arrived: Set<FrameMoment>,
  peerOffsetMs: number,
): Row[] {
  const rows: Row[] = []
  let next = 0
  for (const { position, item } of moments) {
    const at = item.at - offsetMs
    if (position > next) rows.push({ kind: 'left-out', at, side, count: position - next })
    next = position + 1
    const link = item.link.hello ?? item.link.id
    if (item.kind === 'link') rows.push({ kind: 'link', at, side, link, end: item.end })
    else if (!arrived.has(item)) {
      const arrival = arrivals.get(item)
      const sent = item.dir === 'out'
      const { bytes, garbage, count, first, last } = item
      rows.push({
        kind: 'frame',
        at,
        from: sent ? side : otherSide(side),
        link,
        seenBy: arrival === undefined ? side : 'both',
        missing: sent && arrival === undefined && peer !== undefined && hasNot(peer, item),
        // Clocks that ran apart could let it arrive before it was sent.
        tookMs: arrival && Math.max(0, arrival.at - peerOffsetMs - at),
        bytes,
        garbage: garbage || arrival?.garbage === true,
        count,
        first: withMarks(first, arrival?.first),
        last: withMarks(last, arrival?.last),
      })
    }
  }
  return rows
}

/** That an envelope was received before is the receiver's to know. */
function withMarks(sent: EnvelopeView[], received: EnvelopeView[] | undefined): EnvelopeView[] {
  return sent.map((view, index) => {
    const mark = received?.[index]?.mark ?? view.mark
    const payload = view.payload ?? received?.[index]?.payload
    return { ...view, mark, payload }
  })
}

function hasNot(peer: SideTrace, { link, ordinal }: FrameMoment): boolean {
  if (link.hello === undefined) return true
  const other = peer.linkCalled(link.hello)
  return other !== 'forgotten' && ordinal > (other?.frames.in ?? 0)
}

function notArrived(sender: SideTrace, receiver: SideTrace): number {
  let count = 0
  for (const link of sender.linksWithHello()) {
    const other = receiver.linkCalled(link.hello ?? Number.NaN)
    if (other !== 'forgotten') count += Math.max(0, link.envelopes.out - (other?.envelopes.in ?? 0))
  }
  return count
}

/** Each side's rows stay in their order. */
function merged(client: Row[], server: Row[]): Row[] {
  const rows: Row[] = []
  let [c, s] = [0, 0]
  for (;;) {
    const one = client[c]
    const other = server[s]
    if (one === undefined && other === undefined) return rows
    if (other === undefined || (one !== undefined && one.at <= other.at)) {
      rows.push(one as Row)
      c++
    } else {
      rows.push(other)
      s++
    }
  }
}

export function otherSide(side: Side): Side {
  return side === 'client' ? 'server' : 'client'
}
