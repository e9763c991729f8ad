/** One number of a sample: what it means, and which way is better. */
export interface Metric {
  /** The key in a sample, in the field's terms with the unit last: `perSecond`, `cpuSecondsPerMillion`, `p50Ms`. */
  readonly key: string
  readonly label: string
  readonly unit: string
  readonly better: 'more' | 'less'
  /** `false` for one that stands in the tables alone. @default true */
  readonly plotted?: boolean
}

/** What one contender did in one round, by metric key. */
export type Sample = Readonly<Record<string, number>>

/** Somebody who does the work of a workload: bare `ws`, lastword, another library. */
export interface Contender {
  /** Unique in its workload: `ws`, `ws-cork`, `socket.io`, `lastword`. */
  readonly id: string
  readonly label: string
  /** Does the work once. Called for the warm-up too, whose sample is thrown away. */
  sample(signal: AbortSignal): Promise<Sample>
  /** Ends the processes and connections that it has kept between rounds. */
  stop(): Promise<void>
}

/** One row group of a case: the same work done by each contender in turn, round after round. */
export interface Workload {
  /** Unique in its case, as `--only` takes it: `ws-64B-text`. */
  readonly id: string
  readonly title: string
  readonly metrics: readonly Metric[]
  /** The contender that all others are a ratio to, in each round. */
  readonly baseline: string
  readonly rounds: number
  /**
   * Starts what the contenders need; each is started only when its workload begins. A contender that cannot be
   * started is made all the same: its `sample` rejects. `note` adds a sentence to the results, about what this machine
   * does not have, or how the work was bounded.
   */
  start(signal: AbortSignal, note: (text: string) => void): Promise<readonly Contender[]>
}

/** A target of the project: a figure of this run that is to hold. */
export interface Target {
  readonly workload: string
  readonly contender: string
  readonly metric: string
  /** The contender whose figure of the same round divides it; nothing for the figure itself. */
  readonly over?: string
  readonly atLeast?: number
  readonly atMost?: number
}

export interface BenchCase {
  /** 1 to 7. */
  readonly number: number
  /** Its folder, and its name for `--only`: `throughput`. */
  readonly id: string
  readonly title: string
  /** How it is measured, in a few sentences, for the reports. */
  readonly about: string
  workloads(options: BenchOptions): readonly Workload[]
  /** Every run reports each of them, `--quick` too. */
  readonly targets: readonly Target[]
}

export interface BenchOptions {
  /** Fewer rounds and less work in each: every ratio in three minutes. */
  readonly quick: boolean
}
