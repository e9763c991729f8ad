export interface PaceOptions {
  /** How long a sample is to take, in ms. */
  readonly sampleMs: number
  /** How many times the work is done at first, and at least. */
  readonly first: number
  readonly most: number
}

/** Finds how many times some work has to be done for a sample to take about as long as it should. */
export class Pace {
  readonly #options: PaceOptions
  #count: number

  constructor(options: PaceOptions) {
    this.#options = options
    this.#count = options.first
  }

  /** Does the work so many times, and learns from how long that took for the next time. */
  async sample<T extends { seconds: number }>(
    once: (count: number) => Promise<T>,
  ): Promise<T & { count: number }> {
    const { sampleMs, first, most } = this.#options
    const count = this.#count
    const result = await once(count)
    // Four times as many at most: a first time that was slow to begin says little.
    const wanted = Math.min(4 * count, (count * sampleMs) / (result.seconds * 1000))
    this.#count = Math.round(Math.min(most, Math.max(first, wanted)))
    return { ...result, count }
  }

  /** Works for `leastMs` at least, and as long as a sample: what is hot is compiled by then, and its feedback has settled. */
  async warmUp(once: (count: number) => Promise<{ seconds: number }>, leastMs: number): Promise<void> {
    for (let workedMs = 0; workedMs < Math.max(leastMs, this.#options.sampleMs); )
      workedMs += (await this.sample(once)).seconds * 1000
  }
}
