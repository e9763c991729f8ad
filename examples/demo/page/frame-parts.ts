/** One kind of message within a frame, in words. */
export interface FramePart {
  kind: 'hello' | 'offer' | 'answer' | 'statistics' | 'ack' | 'fin' | 'other'
  words: string
  /** How many there are, one after another. */
  count: number
}

interface Envelope {
  t?: string
  ch?: string
  re?: string
  seq?: number
  n?: number
  fresh?: boolean
  resumed?: boolean
}

/** What a message of a bare WebSocket is. */
export function bareParts(data: unknown, from: 'page' | 'server'): FramePart[] {
  if (typeof data !== 'string') return [{ kind: 'statistics', words: 'statistics', count: 1 }]
  if (from === 'page') return [{ kind: 'offer', words: 'Offer', count: 1 }]
  return [{ kind: 'answer', words: 'Answer', count: 1 }]
}

/** Reads the frames of one lastword session, and knows what is sent again. */
export class EnvelopeReader {
  readonly #highest = { page: 0, server: 0 }

  parts(data: unknown, from: 'page' | 'server'): FramePart[] {
    const parts: FramePart[] = []
    for (const envelope of envelopesOf(data)) {
      const part = this.#part(envelope, from)
      const last = parts.at(-1)
      if (last !== undefined && last.words === part.words) last.count++
      else parts.push(part)
    }
    return parts
  }

  #part({ t, ch, re, seq, n, fresh, resumed }: Envelope, from: 'page' | 'server'): FramePart {
    const again = typeof seq === 'number' && seq <= this.#highest[from] ? ' again' : ''
    if (typeof seq === 'number') this.#highest[from] = Math.max(this.#highest[from], seq)
    const part = (kind: FramePart['kind'], words: string): FramePart => ({
      kind,
      words: words + again,
      count: 1,
    })
    switch (t) {
      case 'hello':
        return part('hello', fresh ? 'hello' : 'hello, resuming')
      case 'welcome':
        return part('hello', resumed ? 'welcome back' : 'welcome')
      case 'msg':
        if (re !== undefined) return part('answer', 'Answer')
        if (ch === 'offer') return part('offer', 'Offer')
        return part('statistics', ch ?? 'message')
      case 'ack':
        return part('ack', `ack ${n}`)
      case 'fin':
        return part('fin', 'fin')
      default:
        return part('other', t ?? '?')
    }
  }
}

/** The frame that went with the upgrade request, if there was one. */
export function earlyFrame(protocols: readonly string[]): string | undefined {
  const early = protocols.find((protocol) => protocol.startsWith(earlyPrefix))
  if (early === undefined) return undefined
  const base64 = early.slice(earlyPrefix.length).replaceAll('-', '+').replaceAll('_', '/')
  try {
    return new TextDecoder().decode(Uint8Array.from(atob(base64), (char) => char.charCodeAt(0)))
  } catch {
    return undefined
  }
}

const earlyPrefix = 'lastword.early.'

/** PROTOCOL.md says how envelopes are put into frames. */
function envelopesOf(data: unknown): Envelope[] {
  try {
    if (typeof data === 'string') return JSON.parse(data) as Envelope[]
    const bytes =
      data instanceof ArrayBuffer
        ? new Uint8Array(data)
        : ArrayBuffer.isView(data)
          ? bytesOf(data)
          : undefined
    if (bytes === undefined) return [{}]
    const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
    return [JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headerBytes)))]
  } catch {
    return [{}]
  }
}

function bytesOf(view: ArrayBufferView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}
