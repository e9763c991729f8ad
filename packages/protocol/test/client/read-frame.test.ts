import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { closeCodeName } from '../../src/client/close-codes.ts'
import { readFrame } from '../../src/client/read-frame.ts'
import { decodeFrame } from '../../src/decode.ts'
import { encodeBinaryFrame } from '../../src/encode.ts'
import type { Frame } from '../../src/envelope.ts'
import { PeerFault } from '../../src/peer-fault.ts'
import {
  arbitraryEntry,
  mutatedEnvelope,
  mutatedHeader,
  validEnvelope,
  validHeader,
} from '../arbitrary-frames.ts'
import { frameOf, invalidVectors, validVectors } from '../vectors.ts'

const noLimit = { frameBytesMax: Number.POSITIVE_INFINITY }

/** What the client makes of a frame beside what the full decoder does. */
function both(frame: Frame) {
  const client = attempt(
    () => readFrame(frame),
    (thrown) => (typeof thrown === 'number' ? closeCodeName(thrown) : undefined),
  )
  const full = attempt(
    () => decodeFrame(frame, 0, noLimit),
    (thrown) => (thrown instanceof PeerFault ? thrown.code : undefined),
  )
  return { client, full }
}

function attempt(read: () => unknown, codeOf: (thrown: unknown) => string | undefined) {
  try {
    return { read: read() }
  } catch (thrown) {
    const refused = codeOf(thrown)
    if (refused === undefined) throw thrown
    return { refused }
  }
}

describe("a client reads a server's frame as the full decoder does", () => {
  it.each(validVectors.map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const { client, full } = both(frameOf(vector))
    expect(client).toEqual(full)
  })

  it('for any valid text frame', () => {
    fc.assert(
      fc.property(fc.array(validEnvelope, { minLength: 1, maxLength: 5 }), (envelopes) => {
        const { client, full } = both(JSON.stringify(envelopes))
        if ('read' in full) expect(client).toEqual(full)
      }),
      { numRuns: 500 },
    )
  })

  it('for any valid binary frame', () => {
    fc.assert(
      fc.property(validHeader, fc.uint8Array({ maxLength: 40 }), (header, payload) => {
        const { client, full } = both(encodeBinaryFrame(JSON.stringify(header), payload))
        if ('read' in full) expect(client).toEqual(full)
      }),
      { numRuns: 300 },
    )
  })
})

describe('of frames that the full decoder refuses a client', () => {
  /** What is broken here is looked at where it is used, or bounds what strangers may ask of servers. */
  const tolerated = [
    // The machine looks at the size before it reads, and takes no hello whatever is in it.
    /(^|-)size-/,
    /^hello-(?!unknown)/,
    // Lengths, magnitudes, and what stands inside of objects.
    /-too-(long|long-pairs|high|low|many|short)$/,
    /^(?!t-|msg-id|msg-re).*-(empty|zero)$/,
    /^(envelope|binary)-proto$/,
    /^ack-(also|ranges?)-/,
    /^msg-(ch|ask|again|err|meta)-/,
    /^msg-re-null$/,
    /^(fin|reset|away)-(code|reason|got|location)-/,
    /^welcome-(sid|resumed)-/,
    /^note-ch-/,
    /-window-/,
    /^binary-(with|note-with)-/,
    // What else stands in a binary frame is taken like in a text one.
    /^binary-(?!header|seq|id|utf|not|too|cut|short|length|size|proto)[a-z-]+$/,
  ]
  const accepted = ({ name }: { name: string }) => tolerated.some((pattern) => pattern.test(name))

  it.each(invalidVectors.map((vector) => [vector.name, vector] as const))('refuses %s', (_, vector) => {
    const { client } = both(frameOf(vector))
    if (accepted(vector)) return
    else expect(client).toEqual({ refused: vector.error.name })
  })

  it('reads what has the right types, and refuses the rest with a fault, whatever it is', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(arbitraryEntry, mutatedEnvelope), { maxLength: 4 }), (entries) => {
        const { client, full } = both(JSON.stringify(entries))
        // A client looks at `d` wherever it stands, also where it is an unknown field.
        const known = JSON.parse(JSON.stringify(entries), (key, value) => (key === 'd' ? undefined : value))
        const strange = JSON.stringify(known) !== JSON.stringify(entries) && 'refused' in client
        if ('read' in full && !strange) expect(client).toEqual(full)
      }),
      { numRuns: 2_000 },
    )
    fc.assert(
      fc.property(mutatedHeader, fc.uint8Array({ maxLength: 8 }), (header, payload) => {
        const { client, full } = both(encodeBinaryFrame(JSON.stringify(header), payload))
        if ('read' in full) expect(client).toEqual(full)
      }),
      { numRuns: 500 },
    )
    fc.assert(fc.property(fc.oneof(fc.string(), fc.uint8Array()), (frame) => void both(frame)))
  })
})
