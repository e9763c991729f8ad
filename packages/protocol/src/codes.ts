/**
 * The two vocabularies that go over the wire besides envelopes. `PROTOCOL.md` section "Codes" lists them, and a
 * test holds the two together.
 */

/** WebSocket close codes: why one link ended. The session goes on over the next link unless it says otherwise. */
export const closeCodes = {
  /** The session is over: finished cleanly, or ended by the `reset` that went before. */
  normal: 1000,
  /** The server is going; resume on another link. */
  goingAway: 1001,
  /** Not JSON, not an array of envelopes, a field of the wrong type or out of its bounds, a broken binary header. */
  frameMalformed: 4400,
  /** An envelope whose `t` version 1 does not know. */
  envelopeUnknown: 4401,
  /** An envelope that this side may not send, or not now (a second `hello`, a `welcome` from a client, a message after `fin`). */
  envelopeUnexpected: 4402,
  /** The first envelope of a link was not `hello`. */
  helloExpected: 4403,
  /** No `hello` came in time. */
  helloTimeout: 4404,
  /** A `seq` was left out. */
  sequenceGap: 4405,
  /** A `seq` came twice, or fell back, on one link. */
  sequenceRepeated: 4406,
  /** An `ack` or a `got` for something that was never sent, or a `got` below what was acknowledged. */
  ackInvalid: 4407,
  /** Nothing was heard for two keepalive intervals. */
  keepaliveTimeout: 4408,
  /** Another link of the same session took over. */
  superseded: 4409,
  /** The session was refused or ended; the `reset` before it says why. */
  reset: 4410,
  /** A frame longer than the receiver's limit. */
  frameTooLarge: 4413,
  /** A payload nested deeper than the limit. */
  frameTooDeep: 4414,
} as const

/** Names of the close codes, as they stand in `PROTOCOL.md`. */
export type CloseCodeName = keyof typeof closeCodes

/** Codes of a `reset`: why a session ended without having been closed cleanly. */
export const resetCodes = [
  /** The server does not have this session (any more). */
  'session-unknown',
  /** The session exists and the key is not its key. */
  'key-mismatch',
  /** The link that asks to resume belongs to somebody else. */
  'identity-mismatch',
  /** The server does not accept who is asking. */
  'unauthorized',
  /** The page was served from an origin that the server does not allow. */
  'origin-forbidden',
  /** The protocol version in `hello` is not spoken here. */
  'version-unsupported',
  /** The peer sent more than the window allows. */
  'window-exceeded',
  /** Protocol faults of the peer came again and again with no progress in between. */
  'protocol-fault',
  /** No link for longer than `ttl`. */
  'expired',
  /** The server has as many sessions as it will keep. */
  'sessions-full',
  /** The server has as many sessions of whoever asks as it will keep. */
  'identity-full',
  /** The application gave the session up. */
  'aborted',
  /** Closing took longer than the application was ready to wait. */
  'close-timeout',
  /** The application closed while messages had come for which it has no handler. */
  'unhandled',
  /** The server has shut down. */
  'shutdown',
  /** Another holder of the key has taken the session. */
  'superseded',
  /** The side failed in a way that is not the peer's doing. */
  'internal',
] as const

export type ResetCode = (typeof resetCodes)[number]

/** True for a `reset` by which a server does not let a link in; one that ends a session which it has says what it has `got`. */
export function isRefusal(code: string, got: number | undefined): boolean {
  return got === undefined && refusals.has(code)
}

/**
 * The fault by which a peer says with this close code that we broke the protocol, or `undefined` if it does not say
 * that. WebSocket libraries with a limit of their own refuse a large frame with 1009 (RFC 6455, 7.4.1) before any
 * code of ours can.
 */
export function accusation(closeCode: number): CloseCodeName | undefined {
  return closeCode === 1009 ? 'frameTooLarge' : accusations.get(closeCode)
}

/** A reset code as it came over the wire; one that this version does not know counts as `internal`. */
export function asResetCode(code: string): ResetCode {
  return (resetCodes as readonly string[]).includes(code) ? (code as ResetCode) : 'internal'
}

const refusals: ReadonlySet<string> = new Set<ResetCode>([
  'key-mismatch',
  'identity-mismatch',
  'unauthorized',
  'origin-forbidden',
  'version-unsupported',
  'sessions-full',
  'identity-full',
  'shutdown',
])

const accusations = new Map<number, CloseCodeName>(
  (
    [
      'frameMalformed',
      'envelopeUnknown',
      'envelopeUnexpected',
      'helloExpected',
      'sequenceGap',
      'sequenceRepeated',
      'ackInvalid',
      'frameTooLarge',
      'frameTooDeep',
    ] as const
  ).map((name) => [closeCodes[name], name]),
)
