/** How the server's clock was brought to the client's. */
export interface Alignment {
  /** To be taken from the server's times, in ms. */
  offsetMs: number
  /** `both`: frames went both ways, and bound it. `one`: they went one way only. Without any, the clocks say the time of day, or the first lines count as simultaneous. */
  by: 'both' | 'one' | 'time-of-day' | 'first-line'
  /** Frames that both sides saw. */
  frames: number
  /** How far off it may be either way, in ms. Below 0: the clocks ran apart by twice as much. Known only by `both`. */
  slackMs: number | undefined
}

/** Gathers what frames that both sides saw tell of the clocks: none can have arrived before it was sent. */
export class ClockBounds {
  #frames = 0
  /** The offset is at most this: the quickest frame to the server. */
  #most = Number.POSITIVE_INFINITY
  /** The offset is at least this: the quickest frame to the client. */
  #least = Number.NEGATIVE_INFINITY

  toServer(sentAt: number, arrivedAt: number): void {
    this.#frames++
    this.#most = Math.min(this.#most, arrivedAt - sentAt)
  }

  toClient(sentAt: number, arrivedAt: number): void {
    this.#frames++
    this.#least = Math.max(this.#least, sentAt - arrivedAt)
  }

  /** @param first when each side's trace begins, for the case that no frame is known by both */
  alignment(first: { client: number; server: number }): Alignment {
    const frames = this.#frames
    const [most, least] = [this.#most, this.#least]
    if (Number.isFinite(most) && Number.isFinite(least)) {
      return { offsetMs: (most + least) / 2, by: 'both', frames, slackMs: (most - least) / 2 }
    }
    if (frames > 0) {
      return { offsetMs: Number.isFinite(most) ? most : least, by: 'one', frames, slackMs: undefined }
    }
    if (isTimeOfDay(first.client) && isTimeOfDay(first.server)) {
      return { offsetMs: 0, by: 'time-of-day', frames, slackMs: undefined }
    }
    return { offsetMs: first.server - first.client, by: 'first-line', frames, slackMs: undefined }
  }
}

/** Whether a time counts from 1970, and not from when some process was started. */
export function isTimeOfDay(at: number): boolean {
  return at > 1e11
}

/** What a reader should know of it. */
export function alignmentWords({ offsetMs, by, frames, slackMs }: Alignment): string {
  const moved = `The server’s clock is taken to be ${ms(Math.abs(offsetMs))} ${offsetMs < 0 ? 'behind' : 'ahead of'} the client’s`
  const seen = `${frames} ${frames === 1 ? 'frame' : 'frames'} that both sides saw`
  switch (by) {
    case 'both':
      if ((slackMs ?? 0) < 0) {
        return `${moved}, in the middle of what ${seen} allow. The clocks ran apart by ${ms(-2 * (slackMs ?? 0))} meanwhile, so that times between the sides are only so good.`
      }
      return `${moved}: no frame can arrive before it was sent, and by ${seen} that is right to within ${ms(slackMs ?? 0)}.`
    case 'one':
      return `${moved}, as if the quickest frame had taken no time: the ${seen} all went the same way, and more is not to be known.`
    case 'time-of-day':
      return 'No frame was seen by both sides: the times are those of the two clocks, as they were set.'
    case 'first-line':
      return `${moved}, as if both traces began at once: no frame was seen by both sides. Times between the sides mean nothing.`
  }
}

function ms(value: number): string {
  return `${value.toFixed(3)} ms`
}
