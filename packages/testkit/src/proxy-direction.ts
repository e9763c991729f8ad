import type { Socket } from 'node:net'
import type { ConnectionCut, ProxyDirection } from './proxy-types.ts'

type Queued = { chunk: Buffer; dueAt: number } | 'end' | 'reset'

/** How much is held back before the sender is no longer read. */
const heldBytesMax = 1024 * 1024

/** Moves bytes from one socket to another, in order, with the faults that a test asked for. */
export class Direction implements ProxyDirection {
  delayMs = 0
  rateBytesPerSecond = 0
  bytesReceived = 0
  bytesForwarded = 0
  ended = false

  readonly #from: Socket
  readonly #to: Socket
  readonly #cut: (how: ConnectionCut) => void
  readonly #queue: Queued[] = []
  readonly #marks: { bytes: number; listener: () => void }[] = []
  readonly #bytesListeners: ((bytesForwarded: number, chunk: Buffer) => void)[] = []
  readonly #endListeners: (() => void)[] = []
  #heldBytes = 0
  #stalled = false
  /** Waiting for the receiver's kernel, or for a mark's listener. */
  #waiting = false
  /** Everything that comes in is thrown away: a FIN was sent. */
  #discarding = false
  #closed = false
  #timer: NodeJS.Timeout | undefined

  constructor(from: Socket, to: Socket, cut: (how: ConnectionCut) => void) {
    this.#from = from
    this.#to = to
    this.#cut = cut
    from.on('data', (chunk) => this.#received(chunk))
    from.on('end', () => {
      this.ended = true
      for (const listener of this.#endListeners) listener()
      this.#push('end')
    })
    // A reset of one side becomes a reset of the other one, behind what had arrived before it.
    from.on('error', () => this.#push('reset'))
    to.on('drain', () => this.#pump())
  }

  stall(): void {
    this.#stalled = true
    this.#throttle()
  }

  unstall(): void {
    this.#stalled = false
    this.#pump()
  }

  halfClose(): void {
    if (this.#discarding || this.#closed) return
    this.discard()
    this.#to.end()
  }

  at(bytes: number, listener: () => void): void {
    if (!Number.isInteger(bytes) || bytes < 0)
      throw new RangeError(`a byte count is a whole number, not ${bytes}`)
    if (bytes <= this.bytesForwarded && !this.#waiting) return listener()
    this.#marks.push({ bytes, listener })
    this.#marks.sort((a, b) => a.bytes - b.bytes)
  }

  cutAfter(bytes: number, how: ConnectionCut): void {
    this.at(bytes, () => this.#cut(how))
  }

  onBytes(listener: (bytesForwarded: number, chunk: Buffer) => void): void {
    this.#bytesListeners.push(listener)
  }

  onEnd(listener: () => void): void {
    this.#endListeners.push(listener)
  }

  /** Reads on, and forwards nothing more. */
  discard(): void {
    this.#discarding = true
    this.#stalled = false
    this.#drop()
    this.#from.resume()
  }

  /** Its sockets are gone. */
  close(): void {
    this.#closed = true
    this.#drop()
  }

  #received(chunk: Buffer): void {
    this.bytesReceived += chunk.length
    this.#heldBytes += chunk.length
    this.#push({ chunk, dueAt: this.delayMs > 0 ? performance.now() + this.delayMs : 0 })
  }

  #push(item: Queued): void {
    if (this.#discarding || this.#closed) return
    this.#queue.push(item)
    this.#pump()
  }

  #pump(): void {
    if (this.#timer !== undefined || this.#waiting) return
    while (!this.#stalled && !this.#discarding && !this.#closed && !this.#to.writableNeedDrain) {
      const item = this.#queue[0]
      if (item === undefined) break
      if (item === 'end') {
        this.#queue.shift()
        this.#to.end()
        continue
      }
      if (item === 'reset') {
        this.#cut('reset')
        break
      }
      const waitMs = item.dueAt - performance.now()
      if (waitMs > 0) return this.#pumpIn(waitMs)
      const piece = this.#next(item)
      this.#heldBytes -= piece.length
      if (piece.length === item.chunk.length) this.#queue.shift()
      else item.chunk = item.chunk.subarray(piece.length)
      this.#forward(piece)
      if (this.#waiting) break
      if (this.rateBytesPerSecond > 0) return this.#pumpIn((piece.length / this.rateBytesPerSecond) * 1000)
    }
    this.#throttle()
  }

  /** As much of the chunk as may go in one piece: up to the next mark, and in small pieces when there is a rate. */
  #next({ chunk }: { chunk: Buffer }): Buffer {
    let length = chunk.length
    const mark = this.#marks[0]
    if (mark !== undefined) length = Math.min(length, Math.max(0, mark.bytes - this.bytesForwarded))
    if (this.rateBytesPerSecond > 0)
      length = Math.min(length, Math.max(1, Math.ceil(this.rateBytesPerSecond / 100)))
    return chunk.subarray(0, length)
  }

  #forward(piece: Buffer): void {
    this.bytesForwarded += piece.length
    for (const listener of this.#bytesListeners) listener(this.bytesForwarded, piece)
    const mark = this.#marks[0]
    if (mark === undefined || mark.bytes > this.bytesForwarded) {
      this.#to.write(piece)
      return
    }
    // The listener may cut the connection, so it runs when the kernel has every byte up to the mark.
    this.#waiting = true
    this.#to.write(piece, () => {
      this.#waiting = false
      while (this.#marks[0] !== undefined && this.#marks[0].bytes <= this.bytesForwarded) {
        this.#marks.shift()?.listener()
      }
      this.#pump()
    })
  }

  #pumpIn(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#pump()
    }, ms)
    this.#throttle()
  }

  #throttle(): void {
    if (this.#closed) return
    const held =
      this.#stalled || this.#heldBytes > heldBytesMax || (!this.#discarding && this.#to.writableNeedDrain)
    if (held) this.#from.pause()
    else this.#from.resume()
  }

  #drop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#queue.length = 0
    this.#heldBytes = 0
  }
}
