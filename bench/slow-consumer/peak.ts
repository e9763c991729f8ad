/** The most that a process has held since `watch`, in bytes. */
export interface Peak {
  readonly residentBytes: number
  /** Objects, and what they hold outside the heap. */
  readonly heapBytes: number
}

/** How often it is looked at, in ms. */
const everyMs = 20

let residentBytes = 0
let heapBytes = 0
let residentAtFirst = 0

function look(): void {
  const { rss, heapUsed, external } = process.memoryUsage()
  residentBytes = Math.max(residentBytes, rss)
  heapBytes = Math.max(heapBytes, heapUsed + external)
}

/** The commands of a process whose memory is watched. */
export const watching = {
  watch(): void {
    look()
    residentAtFirst = residentBytes
    setInterval(look, everyMs).unref()
  },
  /** What has come to it since then: a process has some memory before it does anything. */
  peak(): Peak {
    look()
    return { residentBytes: residentBytes - residentAtFirst, heapBytes }
  },
}
