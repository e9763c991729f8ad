/**
 * Who has how many of the server's sessions: those that go on, and those that are over and kept for their clients, so
 * that nobody takes all the room. It holds nothing of those who have none.
 */
export class SessionShares<Entry> {
  readonly #max: number
  readonly #shares = new Map<string, Share<Entry>>()

  /** `max`: sessions that one holder may have going on, and as many that are over. */
  constructor(max: number) {
    this.#max = max
  }

  /** How many hold anything. */
  get holderCount(): number {
    return this.#shares.size
  }

  hasRoom(holder: string): boolean {
    return (this.#shares.get(holder)?.open ?? 0) < this.#max
  }

  /** Returns the holder as it stands here: one string for all that it has. */
  begin(holder: string): string {
    let share = this.#shares.get(holder)
    if (share === undefined) {
      share = { holder, open: 0, ended: undefined }
      this.#shares.set(holder, share)
    }
    share.open++
    return share.holder
  }

  /** A session that had begun is not to be had. */
  cancel(holder: string): void {
    const share = this.#shares.get(holder)
    if (share === undefined) return
    share.open--
    this.#drop(holder, share)
  }

  /** A session is over, and kept. Returns the oldest one that its holder keeps, if these are too many now. */
  end(holder: string, entry: Entry): Entry | undefined {
    const share = this.#shares.get(holder)
    if (share === undefined) return undefined
    share.open--
    share.ended ??= new Set()
    share.ended.add(entry)
    if (share.ended.size <= this.#max) return undefined
    const [oldest] = share.ended
    return oldest
  }

  /** A session that was over is kept no longer. */
  forget(holder: string, entry: Entry): void {
    const share = this.#shares.get(holder)
    if (share === undefined) return
    share.ended?.delete(entry)
    this.#drop(holder, share)
  }

  #drop(holder: string, { open, ended }: Share<Entry>): void {
    if (open === 0 && (ended === undefined || ended.size === 0)) this.#shares.delete(holder)
  }
}

interface Share<Entry> {
  readonly holder: string
  open: number
  /** The oldest first; made with the first of them. */
  ended: Set<Entry> | undefined
}
