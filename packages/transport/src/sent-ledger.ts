/** An account of the bytes that a link has accepted: which wait, which have left, which were lost. */
export interface Sent {
  /** Accepted, and nothing said about them yet. */
  readonly waitingBytes: number
  accepted(bytes: number): void
  /** They were handed to the operating system. */
  left(bytes: number): void
  /** They were not. */
  lost(bytes: number): void
  /** Nobody can say: they were written to a connection that was ending. */
  unclear(bytes: number): void
  /** Nothing is queued any more, so everything that waits has left; what callbacks say later is not asked. */
  allLeft(): void
  /** Calls back once nothing waits: at once, or when the last byte was accounted for. */
  whenNothingWaits(callback: () => void): void
  /** The account at the end. A clean close proves that what is unclear has left, for it went before the close frame. */
  account(clean: boolean): { flushed: boolean; bytesUnsent: number }
}

export function sentLedger(): Sent {
  let waitingBytes = 0
  let lostBytes = 0
  let unclearBytes = 0
  let settled = false
  let onNothingWaits: (() => void) | undefined

  function take(bytes: number): boolean {
    if (settled) return false
    waitingBytes -= bytes
    return true
  }

  function check(): void {
    if (waitingBytes > 0) return
    const callback = onNothingWaits
    onNothingWaits = undefined
    callback?.()
  }

  return {
    get waitingBytes() {
      return waitingBytes
    },
    accepted(bytes) {
      waitingBytes += bytes
    },
    left(bytes) {
      if (take(bytes)) check()
    },
    lost(bytes) {
      if (!take(bytes)) return
      lostBytes += bytes
      check()
    },
    unclear(bytes) {
      if (!take(bytes)) return
      unclearBytes += bytes
      check()
    },
    allLeft() {
      settled = true
      waitingBytes = 0
    },
    whenNothingWaits(callback) {
      onNothingWaits = callback
      check()
    },
    account(clean) {
      const bytesUnsent = lostBytes + waitingBytes
      return { flushed: bytesUnsent === 0 && (clean || unclearBytes === 0), bytesUnsent }
    },
  }
}
