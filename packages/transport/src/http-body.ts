/**
 * The bodies of HTTP links: frames, and what a round says besides, in one piece. A body that begins with `[` is one
 * text frame. Every other one is a sequence of records: a byte for the kind, four for the length (big-endian), the bytes.
 */
export interface HttpBody {
  /** What stands in the first record, where that is about the round. */
  control: Record<string, unknown> | undefined
  frames: Array<string | Uint8Array>
}

/** What a record is longer than what is in it. */
export const recordHeadBytes = 5

const textKind = 0
const binaryKind = 1
const controlKind = 2
const openBracket = 0x5b

/** Bytes that belong to nobody else, as `fetch` takes them. */
export type BodyBytes = Uint8Array<ArrayBuffer>

/** One text frame that begins with `[` stands for itself. */
export function encodeHttpBody(
  frames: ReadonlyArray<string | Uint8Array>,
  control?: object,
): string | BodyBytes {
  const [first] = frames
  if (control === undefined && frames.length === 1 && typeof first === 'string' && first[0] === '[')
    return first
  const encoder = new TextEncoder()
  const records: Array<[kind: number, bytes: Uint8Array]> = []
  if (control !== undefined) records.push([controlKind, encoder.encode(JSON.stringify(control))])
  for (const frame of frames) {
    records.push(typeof frame === 'string' ? [textKind, encoder.encode(frame)] : [binaryKind, frame])
  }
  const body = new Uint8Array(records.reduce((sum, [, bytes]) => sum + recordHeadBytes + bytes.length, 0))
  const view = new DataView(body.buffer)
  let at = 0
  for (const [kind, bytes] of records) {
    body[at] = kind
    view.setUint32(at + 1, bytes.length)
    body.set(bytes, at + recordHeadBytes)
    at += recordHeadBytes + bytes.length
  }
  return body
}

/** @throws Error that says what is wrong with it */
export function decodeHttpBody(body: Uint8Array): HttpBody {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
  const text = (bytes: Uint8Array) => {
    try {
      return decoder.decode(bytes)
    } catch {
      throw new Error('text that is not UTF-8')
    }
  }
  if (body[0] === openBracket) return { control: undefined, frames: [text(body)] }
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const frames: HttpBody['frames'] = []
  let control: HttpBody['control']
  for (let at = 0; at < body.length; ) {
    if (at + recordHeadBytes > body.length) throw new Error('a record whose head is cut off')
    const kind = body[at]
    const end = at + recordHeadBytes + view.getUint32(at + 1)
    if (end > body.length) throw new Error('a record that is longer than the body')
    const bytes = body.subarray(at + recordHeadBytes, end)
    if (kind === textKind) frames.push(text(bytes))
    // A copy: what belongs to a frame does not keep the rest of the body alive.
    else if (kind === binaryKind) frames.push(new Uint8Array(bytes))
    else if (kind === controlKind && at === 0) control = controlOf(text(bytes))
    else throw new Error(`a record of kind ${kind} at byte ${at}`)
    at = end
  }
  return { control, frames }
}

function controlOf(text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('a round whose first record is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new Error('a round whose first record is no object')
  }
  return value as Record<string, unknown>
}

/** The code and the reason of a close, as they stand in the first record of a round. */
export function closeOf(
  control: Record<string, unknown> | undefined,
): { code: number; reason: string } | undefined {
  const close = control?.close
  if (!Array.isArray(close)) return undefined
  const [code, reason] = close as unknown[]
  if (!Number.isInteger(code) || (code as number) < 1000 || (code as number) > 4999) return undefined
  return { code: code as number, reason: typeof reason === 'string' ? reason : '' }
}
