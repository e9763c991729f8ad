import { readFileSync } from 'node:fs'
import type { CloseCodeName } from '../src/codes.ts'
import type { Envelope } from '../src/envelope.ts'
import { defaults, limits } from '../src/limits.ts'

/** `[piece, times]`, joined. */
export type Parts = [piece: string, times: number][]

export interface VectorError {
  name: CloseCodeName
  code: number
}

interface FrameVector {
  name: string
  description: string
  text?: string
  hex?: string
  repeat?: { as: 'text' | 'hex'; parts: Parts }
  frameBytesMax?: number
}

export interface ValidVector extends FrameVector {
  envelopes?: Envelope[]
  envelopesRepeat?: { envelope: Envelope; times: number }
  payloadHex?: string
}

export interface InvalidVector extends FrameVector {
  error: VectorError
}

export interface EarlyVectors {
  tokens: {
    name: string
    frame?: string
    frameRepeat?: Parts
    token?: string
    tokenRepeat?: Parts
  }[]
  unoffered: { name: string; frameRepeat: Parts }[]
  picked: { name: string; protocols: string[]; frame: string | null }[]
  refused: {
    name: string
    protocols?: string[]
    protocolRepeat?: Parts
    error: VectorError
  }[]
}

export const validVectors = read<ValidVector[]>('frames-valid.json')
export const invalidVectors = read<InvalidVector[]>('frames-invalid.json')
export const earlyVectors = read<EarlyVectors>('early.json')

export function frameOf({ text, hex, repeat }: FrameVector): string | Uint8Array {
  if (text !== undefined) return text
  if (hex !== undefined) return bytesOf(hex)
  if (repeat === undefined) throw new Error('a vector without a frame')
  return repeat.as === 'text' ? join(repeat.parts) : bytesOf(join(repeat.parts))
}

export function envelopesOf({ envelopes, envelopesRepeat }: ValidVector): Envelope[] {
  if (envelopes !== undefined) return envelopes
  if (envelopesRepeat === undefined) throw new Error('a vector without envelopes')
  return Array.from({ length: envelopesRepeat.times }, () => envelopesRepeat.envelope)
}

export function limitsOf({ frameBytesMax }: FrameVector): { frameBytesMax: number } {
  return { frameBytesMax: frameBytesMax ?? defaults.maxBytes + limits.frameOverheadBytes }
}

export function wireBytes(frame: string | Uint8Array): number {
  return typeof frame === 'string' ? Buffer.byteLength(frame) : frame.length
}

export function join(parts: Parts): string {
  return parts.map(([piece, times]) => piece.repeat(times)).join('')
}

/** A plain Uint8Array, as links deliver them; `Buffer` is a subclass that compares otherwise. */
export function bytesOf(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

/** A binary frame, put together byte by byte, without the package's encoder. */
export function binaryFrame(header: string | Uint8Array, payload: Uint8Array = new Uint8Array()): Uint8Array {
  const headerBytes = Buffer.from(header as string)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(headerBytes.length)
  return new Uint8Array(Buffer.concat([length, headerBytes, payload]))
}

function read<T>(file: string): T {
  return JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8')) as T
}
