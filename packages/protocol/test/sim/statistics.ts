/** Everything that the simulation must be seen to do. A run over many seeds that misses one has lost its teeth. */
export const eventNames = [
  'message delivered',
  'message larger than a batch',
  'binary message',
  'reply',
  'error reply',
  'message taken back',
  'message too large for the peer',
  'message after fin',
  'note delivered',
  'cancel delivered',
  'batch of several messages',
  'ack with ranges',
  'window full',
  'link opened',
  'link refused',
  'early frame',
  'cut',
  'cut with one direction dying earlier',
  'cut that one side is not told of',
  'cut during a close handshake',
  'clean close handshake',
  'keepalive time-out',
  'welcome time-out',
  'link not writable',
  'takeover of a live link',
  'stale hello refused',
  'second link while the first lives',
  'away',
  'resume',
  'duplicate dropped',
  'fin replayed',
  'farewell on another link',
  'final state told to a late client',
  'closed by both at once',
  'closed by one side first',
  'request answered while closing',
  'handlers attached late',
  'handler threw',
  'handled out of order',
  'handled after the end',
  'client gave up',
  'session created again after it expired',
  'garbage on the link',
  'stranger refused',
  'redelivered',
  'message restored',
  'settled message that is restored',
  'message lost before its write',
  'message handled and lost before its write',
  'handler gone with its process',
  'crash of the client',
  'crash of the server',
  'crash without a journal',
  'crash with a write kept',
  'crash with a write lost',
  'crash while closing',
  'crash while restoring',
  'crash after the end',
  'crash while the journal is being erased',
  'crash before the first welcome',
  'crash during a takeover',
  'session lost before its first write',
  'restored before the first welcome',
  'restored with fin said',
  "restored with the peer's fin behind messages",
  'restored with gaps to send',
  'restored with gaps to receive',
  'restored at the end',
  'restored after an end that was not clean',
  'restored after it was released',
  'farewell of a restored client',
  'end told by a restored server',
  'journal failed and forgot the session',
  'journal failed and may hold the session',
  'ended: finished',
  'ended: aborted',
  'ended: close-timeout',
  'ended: expired',
  'ended: session-unknown',
  'ended: protocol-fault',
  'fate: handled',
  'fate: not-sent',
  'message taken back from the journal',
  'fate: received',
  'fate: unknown',
] as const

/** What only a page's client does. */
export type PageEventName =
  | 'page went away'
  | 'page went away with something to say'
  | 'page went away for good'
  | 'clean end of a session whose page had gone'

export type EventName = (typeof eventNames)[number] | PageEventName

export class Statistics {
  readonly counts = new Map<EventName, number>(eventNames.map((name) => [name, 0]))

  count(name: EventName, times = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + times)
  }

  add(other: Statistics): void {
    for (const [name, times] of other.counts) this.count(name, times)
  }

  /** What never happened. */
  missing(): EventName[] {
    return eventNames.filter((name) => this.counts.get(name) === 0)
  }
}
