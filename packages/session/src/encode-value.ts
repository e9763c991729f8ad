import {
  ArgumentError,
  encodeMessage,
  limits,
  type MessageParts,
  payloadText,
  utf8Length,
} from '@lastword/protocol'
import { binaryOf } from './binary.ts'
import { byteLength } from './byte-length.ts'
import type { Delivery, Outgoing } from './delivery.ts'
import { keptText } from './long-text.ts'

/**
 * Serialises a value, which is not looked at again: later changes by the caller change nothing.
 *
 * @throws ArgumentError for what neither JSON nor bytes can carry
 */
export function encodeValue(id: string, parts: MessageParts, value: unknown, delivery: Delivery): Outgoing {
  const payload = binaryOf(value)
  const json = payload === undefined ? payloadText(value) : undefined
  const textBytes = json === undefined ? 0 : byteLength(json)
  const text = json === undefined ? undefined : keptText(json, textBytes)
  const { name, re, ask, again, meta } = parts
  const message = encodeMessage(id, { text, textBytes, payload, name, re, ask, again, meta }, delivery)
  if (payload !== undefined) checkHeader(message)
  return message
}

/** @throws ArgumentError if the JSON in front of the bytes is longer than the peer reads: it would refuse the frame each time */
function checkHeader(message: Outgoing): void {
  const bytes = seqHead.length + utf8Length(message.rest)
  if (bytes <= limits.headerBytesMax) return
  throw new ArgumentError(
    `what goes with the bytes takes ${bytes} bytes itself, and ${limits.headerBytesMax} may`,
    'Send less in meta, or put it into the payload.',
  )
}

/** What stands in front of `rest`, at its longest. */
const seqHead = '{"t":"msg","seq":9007199254740991'
