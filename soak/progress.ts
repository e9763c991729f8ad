/** Tells the person who waits how far a part is, on stderr, so that stdout holds only what is to stay. */
export interface Progress {
  at(done: number, total: number, what: string): void
  /** Takes away what stands on the terminal. */
  clear(): void
}

const clearLine = '\r\u001b[K'
/** On a terminal the line is written anew so often at most; elsewhere a new one about every so many ms. */
const everyMs = { terminal: 100, file: 15_000 }

export function createProgress(part: string, stream: NodeJS.WriteStream = process.stderr): Progress {
  const startedAt = performance.now()
  let toldAt = startedAt
  return {
    at(done, total, what) {
      const now = performance.now()
      if (now - toldAt < (stream.isTTY ? everyMs.terminal : everyMs.file)) return
      toldAt = now
      const seconds = Math.round((now - startedAt) / 1000)
      const text = `${part}: ${done} of ${total}, ${what}, ${seconds} s`
      stream.write(stream.isTTY ? `${clearLine}${text}` : `${text}\n`)
    },
    clear() {
      if (stream.isTTY) stream.write(clearLine)
    },
  }
}
