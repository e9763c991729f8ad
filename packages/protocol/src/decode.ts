import { checkEnvelope } from './decode-envelope.ts'
import type { DecodedFrame, Envelope, Frame } from './envelope.ts'
import { type Fields, headerPlace, isObject, type Place, placeName } from './field-checks.ts'
import { limits } from './limits.ts'
import { PeerFault } from './peer-fault.ts'
import { utf8Text } from './utf8.ts'

export interface DecodeLimits {
  /** Longest frame taken, in bytes. */
  frameBytesMax: number
}

/** Bytes in front of a binary frame's header: its length, big-endian. */
const headerLengthBytes = 4

/**
 * Reads one frame. The envelopes are those that `JSON.parse` made, checked and not copied, unknown fields
 * included; the payload of a binary frame is a view of `frame`.
 *
 * @param bytes - length of the frame on the wire if it is known; otherwise a lower bound, as a string's length is
 * @throws PeerFault and nothing else, whatever comes in
 */
export function decodeFrame(frame: Frame, bytes: number, { frameBytesMax }: DecodeLimits): DecodedFrame {
  if (bytes > frameBytesMax || frame.length > frameBytesMax) {
    throw new PeerFault('frameTooLarge', `the frame is longer than ${frameBytesMax} bytes`)
  }
  return typeof frame === 'string' ? decodeText(frame) : decodeBinary(frame)
}

function decodeText(text: string): DecodedFrame {
  const list = parse(text, 'the frame')
  if (!Array.isArray(list) || list.length === 0 || list.length > limits.envelopesPerFrameMax) {
    const expected = `a JSON array of 1 to ${limits.envelopesPerFrameMax} envelopes`
    throw new PeerFault('frameMalformed', `the frame is not ${expected}`)
  }
  for (let i = 0; i < list.length; i++) {
    const envelope: unknown = list[i]
    checkIsObject(envelope, i)
    checkEnvelope(envelope, i)
  }
  return { envelopes: list as Envelope[], payload: undefined }
}

function decodeBinary(frame: Uint8Array): DecodedFrame {
  if (frame.length < headerLengthBytes) {
    throw new PeerFault('frameMalformed', 'the binary frame is too short for its header length')
  }
  const headerBytes = new DataView(frame.buffer, frame.byteOffset, frame.byteLength).getUint32(0)
  if (headerBytes > limits.headerBytesMax) {
    throw new PeerFault('frameMalformed', `the binary header is longer than ${limits.headerBytesMax} bytes`)
  }
  const headerEnd = headerLengthBytes + headerBytes
  if (headerEnd > frame.length) {
    throw new PeerFault('frameMalformed', 'the binary frame ends before its header does')
  }
  const text = utf8Text(frame.subarray(headerLengthBytes, headerEnd))
  if (text === undefined) throw new PeerFault('frameMalformed', 'the binary header is not UTF-8')

  const envelope = parse(text, 'the binary header')
  checkIsObject(envelope, headerPlace)
  checkCarriesBytes(envelope)
  checkEnvelope(envelope, headerPlace)
  return { envelopes: [envelope as unknown as Envelope], payload: ownBytes(frame, headerEnd) }
}

/**
 * The payload as a view of the frame, where the frame has its memory to itself. One that lies in a shared read buffer
 * is copied: it would keep all of that alive, and show what stands beside it.
 */
function ownBytes(frame: Uint8Array, start: number): Uint8Array {
  return frame.buffer.byteLength === frame.byteLength
    ? frame.subarray(start)
    : new Uint8Array(frame.subarray(start))
}

function parse(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    // Engines whose parser recurses run out of stack on deep nesting, which they do not call a syntax error.
    if (error instanceof SyntaxError) throw new PeerFault('frameMalformed', `${what} is not JSON`)
    throw new PeerFault('frameTooDeep', `${what} is nested too deeply to be parsed`)
  }
}

function checkIsObject(value: unknown, place: Place): asserts value is Fields {
  if (!isObject(value)) throw new PeerFault('frameMalformed', `${placeName(place)} is not an object`)
}

/** Only a message or a note has a payload, and here the bytes behind the header are it. */
function checkCarriesBytes(header: Fields): void {
  if (header.t !== 'msg' && header.t !== 'note') {
    throw new PeerFault('frameMalformed', 'binary header: t must be msg or note')
  }
  if (header.d !== undefined || header.err !== undefined) {
    throw new PeerFault(
      'frameMalformed',
      `binary header (${header.t}): d and err are not allowed beside bytes`,
    )
  }
}
