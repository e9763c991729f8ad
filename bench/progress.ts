import { SingleBar } from 'cli-progress'

/** Tells the person who waits how far the bench is. It writes to stderr, so that stdout holds only results. */
export interface Progress {
  /** @param what Such as `throughput/ws-64B: lastword, round 3`. */
  sample(what: string): void
  /** A line that stays, such as why somebody could not be measured. */
  line(text: string): void
  end(): void
}

/** Without a terminal: a line at the beginning, and about every so many ms. */
const lineMs = 15_000

export function createProgress(workloads: number, stream: NodeJS.WriteStream = process.stderr) {
  return stream.isTTY ? bar(workloads, stream) : lines(stream)
}

function bar(workloads: number, stream: NodeJS.WriteStream): Progress & { workload(): void } {
  const single = new SingleBar({
    stream,
    format: '{bar} {value} of {total} workloads  {what}',
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
  })
  single.start(workloads, 0, { what: 'starting' })
  return {
    sample: (what) => single.update({ what }),
    workload: () => single.increment(),
    line(text) {
      stream.write(`\r\u001b[K${text}\n`)
    },
    end: () => single.stop(),
  }
}

function lines(stream: NodeJS.WriteStream): Progress & { workload(): void } {
  let toldAt = Number.NEGATIVE_INFINITY
  return {
    sample(what) {
      if (performance.now() - toldAt < lineMs) return
      toldAt = performance.now()
      stream.write(`${what}\n`)
    },
    workload() {},
    line(text) {
      stream.write(`${text}\n`)
    },
    end() {},
  }
}
