import { base64urlLength, fromBase64url, toBase64url } from './base64url.ts'
import { limits } from './limits.ts'
import { PeerFault } from './peer-fault.ts'
import { utf8Text } from './utf8.ts'

/** The WebSocket subprotocol that a server selects when it speaks lastword. */
export const subprotocol = 'lastword.1'

/** What the offered subprotocol that carries the first frame begins with. A server never selects it. */
export const earlyPrefix = 'lastword.early.'

/**
 * The subprotocol that carries `frame` in the upgrade request: the prefix, and base64url without padding of
 * the frame's UTF-8. Undefined when that is longer than `limits.earlyCharsMax`; the frame then goes over the
 * open link as usual.
 */
export function encodeEarly(frame: string): string | undefined {
  // UTF-8 is never shorter than UTF-16 units, so most long frames need not be encoded to be found too long.
  if (base64urlLength(frame.length) > limits.earlyCharsMax) return undefined
  const bytes = encoder.encode(frame)
  if (base64urlLength(bytes.length) > limits.earlyCharsMax) return undefined
  return earlyPrefix + toBase64url(bytes)
}

/**
 * The early frame among the subprotocols that a client offered; undefined if there is none.
 *
 * @throws PeerFault if there are two, or it is too long, not canonical base64url, or not UTF-8.
 */
export function decodeEarly(protocols: Iterable<string>): string | undefined {
  let encoded: string | undefined
  for (const protocol of protocols) {
    if (!protocol.startsWith(earlyPrefix)) continue
    if (encoded !== undefined) throw new PeerFault('frameMalformed', 'more than one early frame was offered')
    encoded = protocol.slice(earlyPrefix.length)
  }
  if (encoded === undefined) return undefined
  if (encoded.length > limits.earlyCharsMax) {
    throw new PeerFault('frameTooLarge', `the early frame is longer than ${limits.earlyCharsMax} characters`)
  }
  const bytes = fromBase64url(encoded)
  if (bytes === undefined) {
    throw new PeerFault('frameMalformed', 'the early frame is not base64url without padding')
  }
  const frame = utf8Text(bytes)
  if (frame === undefined) throw new PeerFault('frameMalformed', 'the early frame is not UTF-8')
  return frame
}

const encoder = /* @__PURE__ */ new TextEncoder()
