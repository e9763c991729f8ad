import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'

/** What a server says of a message: that its handler was given it, or has finished with it. */
export interface LogLine {
  /** Which of the servers that came one after the other. */
  server: number
  what: 'given' | 'done'
  sid: string
  id: string
  /** Its place in what its sender sends. */
  number: number
  redelivered: boolean
}

/** A log that outlives the process that writes it, whatever ends that: each line is with the system when this returns. */
export function openLog(path: string): { write(line: LogLine): void; close(): void } {
  const file = openSync(path, 'a')
  return {
    write: (line) => void writeSync(file, `${JSON.stringify(line)}\n`),
    close: () => closeSync(file),
  }
}

export function readLog(path: string): LogLine[] {
  const lines = readFileSync(path, 'utf8').split('\n')
  // The last one is empty, or was cut off in the middle by the death of its writer.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as LogLine)
}
