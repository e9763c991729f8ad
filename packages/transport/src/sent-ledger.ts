/** An account of the bytes that a link has accepted: which wait, which have left, which were lost. */
export class SentLedger {
  #waitingBytes = 0
  /** Made when the connection begins to end, or to fail. */
  #ending: Ending | undefined

  /** Accepted, and nothing said about them yet. */
  get waitingBytes(): number {
    return this.#waitingBytes
  }

  accepted(bytes: number): void {
    this.#waitingBytes += bytes
  }

  /** They were handed to the operating system. */
  left(bytes: number): void {
    if (this.#take(bytes)) this.#check()
  }

  /** They were not. */
  lost(bytes: number): void {
    if (!this.#take(bytes)) return
    this.#end.lostBytes += bytes
    this.#check()
  }

  /** Nobody can say: they were written to a connection that was ending. */
  unclear(bytes: number): void {
    if (!this.#take(bytes)) return
    this.#end.unclearBytes += bytes
    this.#check()
  }

  /** Nothing is queued any more, so everything that waits has left; what callbacks say later is not asked. */
  allLeft(): void {
    this.#end.settled = true
    this.#waitingBytes = 0
  }

  /** Calls back once nothing waits: at once, or when the last byte was accounted for. */
  whenNothingWaits(callback: () => void): void {
    this.#end.onNothingWaits = callback
    this.#check()
  }

  /** The account at the end. A clean close proves that what is unclear has left, for it went before the close frame. */
  account(clean: boolean): { flushed: boolean; bytesUnsent: number } {
    const { lostBytes, unclearBytes } = this.#end
    const bytesUnsent = lostBytes + this.#waitingBytes
    return { flushed: bytesUnsent === 0 && (clean || unclearBytes === 0), bytesUnsent }
  }

  get #end(): Ending {
    this.#ending ??= { lostBytes: 0, unclearBytes: 0, settled: false, onNothingWaits: undefined }
    return this.#ending
  }

  #take(bytes: number): boolean {
    if (this.#ending?.settled) return false
    this.#waitingBytes -= bytes
    return true
  }

  #check(): void {
    if (this.#waitingBytes > 0 || this.#ending === undefined) return
    const callback = this.#ending.onNothingWaits
    this.#ending.onNothingWaits = undefined
    callback?.()
  }
}

/** What is only of interest once the connection ends. */
interface Ending {
  lostBytes: number
  unclearBytes: number
  /** Nothing is counted any more. */
  settled: boolean
  onNothingWaits: (() => void) | undefined
}
