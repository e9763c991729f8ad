import type { LinkEnd, LinkEvents } from './link.ts'

/** Whose arrivals they are. */
export interface ArrivalsHost {
  /** Frames were handed over: there may be room for more. */
  onTold(): void
}

/**
 * Brings what happened on a link to its listener, in order: the opening, every frame, then the end, once.
 * What happens before somebody listens, or while the listener has paused, is kept.
 *
 * A link has one, or is one: of the links that a server has by the thousand each is one object less then.
 */
export class Arrivals {
  /** What the frames that are kept take: their bytes, and what an empty one takes for each. */
  keptBytes = 0

  #events: LinkEvents | undefined
  #attached = false
  #paused = false
  #opened = false
  #openTold = false
  /** Only while there are any. */
  #kept: [frame: string | Uint8Array, bytes: number][] | undefined
  #end: LinkEnd | undefined
  #telling = false
  #endTold = false
  readonly #host: ArrivalsHost | undefined
  /** Made for the first who asks. */
  #over: { promise: Promise<LinkEnd>; resolve: (end: LinkEnd) => void } | undefined

  constructor(host?: ArrivalsHost) {
    this.#host = host
  }

  /** Resolves when the end has been told, or when the link ended with nobody attached. */
  get over(): Promise<LinkEnd> {
    if (this.#over === undefined) {
      let resolve!: (end: LinkEnd) => void
      const promise = new Promise<LinkEnd>((take) => {
        resolve = take
      })
      this.#over = { promise, resolve }
      if (this.#end !== undefined && (this.#endTold || !this.#events)) resolve(this.#end)
    }
    return this.#over.promise
  }

  /** How it ended; undefined while it has not. */
  get end(): LinkEnd | undefined {
    return this.#end
  }

  get opened(): boolean {
    return this.#opened
  }

  get paused(): boolean {
    return this.#paused
  }

  attach(events: LinkEvents): void {
    if (this.#events) throw new Error('This link has its listener already: attach() is called once.')
    this.#events = events
    // Nobody expects to be called back before attach() has returned.
    queueMicrotask(() => {
      this.#attached = true
      this.#tell()
    })
  }

  pause(): void {
    this.#paused = true
  }

  /** Goes on with what was kept, after the caller has returned. */
  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    queueMicrotask(() => this.#tell())
  }

  open(): void {
    this.#opened = true
    this.#tell()
  }

  frame(frame: string | Uint8Array, bytes: number): void {
    const events = this.#events
    const straight =
      this.#openTold && !this.#paused && !this.#telling && !this.#end && this.#kept === undefined
    if (events !== undefined && straight) return this.#hand(events, frame, bytes)
    this.#kept ??= []
    this.#kept.push([frame, bytes])
    this.keptBytes += bytes + frameCost
    this.#tell()
  }

  drain(): void {
    if (this.#attached && !this.#end) this.#events?.onDrain()
  }

  finish(end: LinkEnd): void {
    if (this.#end) return
    this.#end = end
    this.#tell()
    if (!this.#events) this.#over?.resolve(end)
  }

  /** Frames were handed over: there may be room for more. */
  onTold(): void {
    this.#host?.onTold()
  }

  /** Mostly nothing is kept and somebody listens: then nothing is made to keep a frame in. */
  #hand(events: LinkEvents, frame: string | Uint8Array, bytes: number): void {
    this.#telling = true
    try {
      events.onFrame(frame, bytes)
    } finally {
      this.#telling = false
    }
    this.#tell()
  }

  #tell(): void {
    const events = this.#events
    if (!events || !this.#attached || this.#telling || this.#endTold) return
    this.#telling = true
    try {
      if (this.#opened && !this.#openTold) {
        this.#openTold = true
        events.onOpen()
      }
      // After the end there is nothing left to hold back: pausing only keeps the frames of a link that lives.
      while (this.#kept !== undefined && (!this.#paused || this.#end)) {
        const kept = this.#kept
        this.#kept = undefined
        let told = 0
        try {
          for (; told < kept.length && (!this.#paused || this.#end); ) {
            const [frame, bytes] = kept[told++] as [string | Uint8Array, number]
            this.keptBytes -= bytes + frameCost
            events.onFrame(frame, bytes)
          }
        } finally {
          if (told < kept.length) this.#kept = kept.slice(told).concat(this.#kept ?? [])
        }
      }
      if (this.#end) {
        this.#endTold = true
        events.onEnd(this.#end)
        this.#over?.resolve(this.#end)
      }
    } finally {
      this.#telling = false
    }
    this.onTold()
  }
}

/** What a frame takes besides its bytes, roughly: without it empty ones could be kept without end. */
const frameCost = 128
