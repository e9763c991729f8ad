/**
 * The bounds of `limits.ts` that a client needs, each a constant of its own: minifiers put those in place where they
 * are used, and leave the others out. A test holds them equal to the table.
 */
export const seqMax = 2 ** 53 - 1
export const idCharsMax = 64
export const sidCharsMin = 16
export const chCharsMax = 128
export const reasonCharsMax = 120
export const errCodeCharsMax = 64
export const errMessageCharsMax = 1024
export const metaEntriesMax = 16
export const metaCharsMax = 512
export const locationCharsMax = 2048
export const ackRangesMax = 64
export const envelopesPerFrameMax = 2048
export const depthMax = 64
export const headerBytesMax = 16 * 1024
export const frameOverheadBytes = 4 * 1024
export const batchBytesMax = 64 * 1024
export const maxBytesMin = 64 * 1024
export const bytesMax = 2 ** 31 - 1
export const windowMessagesMax = 65_536
export const sequenceSpanMax = 65_536
export const faultsInARowMax = 3
export const timerMsMax = 2 ** 31 - 1

/** The defaults that are part of the protocol: the initial window, and what holds until `welcome` has come. */
export const windowMessages = 1024
export const windowBytes = 4 * 1024 * 1024
export const ttlMs = 60_000
export const keepaliveMs = 15_000
