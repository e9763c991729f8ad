/**
 * A trace as a file of JSON lines, for Node.
 *
 * @packageDocumentation
 */
import { type FileHandle, open } from 'node:fs/promises'
import { ArgumentError } from '@lastword/protocol'
import { checkBoolean, checkFunction, checkInteger, checkObject } from './argument-checks.ts'
import type { TraceEvent, TraceOptions } from './trace.ts'

export interface TraceToFileOptions {
  /** Whether payloads, and whatever else applications put into envelopes, are written too. @default false */
  payloads?: boolean
  /**
   * Bytes that may wait for a slow disk. Past it lines are dropped, and the file says how many where they are missing.
   * @default 4194304 (4 MiB)
   */
  queuedBytesMax?: number
  /** Hears of a file that cannot be opened or written; the sessions go on all the same. @default console.error */
  onError?: (error: Error) => void
}

/** Takes the events of any number of sessions. Made by `traceToFile()`, and given as the `trace` option. */
export interface TraceFile extends TraceOptions, AsyncDisposable {
  /** Lines that are not in the file: for want of room, because the disk failed, or because they came after `close()`. */
  readonly dropped: number
  /** Resolves when everything told so far is in the file, or given up. Never rejects. */
  flush(): Promise<void>
  /** Resolves when everything told so far is in the file, or given up, and the file is closed. Never rejects. */
  close(): Promise<void>
}

/**
 * Writes a trace behind what the file at `path` holds already; a new one can be read by its owner alone. Writing takes
 * place in the background: call `close()` before `process.exit()`. Whatever the disk does, sessions are not held up.
 *
 * In the file `at` is in ms since 1970, so that traces of several processes fit together.
 *
 * @throws ArgumentError for a path or an option that cannot be used
 */
export function traceToFile(path: string | URL, options: TraceToFileOptions = {}): TraceFile {
  checkPath(path)
  checkObject('the options', options, 'Pass { payloads }, or nothing.')
  const { payloads = false, queuedBytesMax = queuedBytesMaxDefault, onError = tellConsole } = options
  checkBoolean('payloads', payloads)
  checkInteger('queuedBytesMax', queuedBytesMax, 1, Number.MAX_SAFE_INTEGER)
  checkFunction('onError', onError, 'Pass (error) => ….')
  return new LinesOnDisk(path, payloads, queuedBytesMax, onError)
}

function checkPath(path: string | URL): void {
  if (path instanceof URL ? path.protocol === 'file:' : typeof path === 'string' && path !== '') return
  throw new ArgumentError('there is no path of a file', "Pass one first: traceToFile('trace.jsonl').")
}

/** Engines that have no `await using` yet find the method where compilers look for it. */
const asyncDispose: typeof Symbol.asyncDispose = Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')

const queuedBytesMaxDefault = 4 * 1024 * 1024

class LinesOnDisk implements TraceFile {
  readonly payloads: boolean
  readonly #path: string | URL
  readonly #queuedBytesMax: number
  readonly #onError: (error: Error) => void
  #queue: Line[] = []
  /** What waits, with what is being written. */
  #queuedBytes = 0
  #dropped = 0
  /** Lines that found no room, and that no line in the queue tells of yet. */
  #lostForRoom = 0
  /** Lines that the disk did not take, and that the file does not tell of yet. */
  #lostOnDisk = 0
  #scheduled = false
  #file: FileHandle | undefined
  /** The file does not end with a whole line. */
  #torn = false
  #failing = false
  #closed: Promise<void> | undefined
  #writing: Promise<void>

  constructor(
    path: string | URL,
    payloads: boolean,
    queuedBytesMax: number,
    onError: (error: Error) => void,
  ) {
    this.#path = path
    this.payloads = payloads
    this.#queuedBytesMax = queuedBytesMax
    this.#onError = onError
    this.#writing = this.#open()
  }

  get dropped(): number {
    return this.#dropped
  }

  readonly onEvent = (event: TraceEvent): void => {
    if (this.#closed !== undefined) {
      this.#dropped++
      return
    }
    const text = lineOf({ ...event, at: sinceEpoch(event.at) })
    if (this.#queuedBytes + Buffer.byteLength(text) > this.#queuedBytesMax) {
      this.#dropped++
      this.#lostForRoom++
      return
    }
    // It stands where they are missing, in front of what follows.
    if (this.#lostForRoom > 0) this.#tellOfLost()
    this.#add({ text, stands: 1 })
  }

  flush(): Promise<void> {
    return this.#writing
  }

  close(): Promise<void> {
    this.#closed ??= this.#end()
    return this.#closed
  }

  [asyncDispose](): Promise<void> {
    return this.close()
  }

  async #end(): Promise<void> {
    if (this.#lostForRoom > 0) this.#tellOfLost()
    await this.#writing
    if (this.#lostOnDisk > 0) await this.#write()
    try {
      await this.#file?.close()
    } catch (error) {
      this.#tell(error)
    }
  }

  async #open(): Promise<void> {
    try {
      this.#file = await open(this.#path, 'a+', ownerOnly)
      const { size } = await this.#file.stat()
      if (size === 0) return
      // A process that was killed may have left half a line.
      const last = await this.#file.read(Buffer.alloc(1), 0, 1, size - 1)
      this.#torn = last.buffer[0] !== newline
    } catch (error) {
      this.#tell(error)
    }
  }

  #tellOfLost(): void {
    this.#add({ text: droppedLine(this.#lostForRoom), stands: this.#lostForRoom, tells: true })
    this.#lostForRoom = 0
  }

  #add(line: Line): void {
    this.#queue.push(line)
    this.#queuedBytes += Buffer.byteLength(line.text)
    if (this.#scheduled) return
    this.#scheduled = true
    this.#writing = this.#writing.then(() => this.#write())
  }

  /** Writes what waits, in one piece for each turn of the event loop. */
  async #write(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    const lines = this.#queue
    this.#queue = []
    this.#scheduled = false
    const text = lines.map((line) => line.text).join('')
    const lost = this.#lostOnDisk === 0 ? '' : droppedLine(this.#lostOnDisk)
    try {
      if (this.#file === undefined) throw this.#notOpen()
      await this.#file.appendFile((this.#torn ? '\n' : '') + lost + text)
      this.#torn = false
      this.#failing = false
      this.#lostOnDisk = 0
    } catch (error) {
      this.#torn = true
      for (const { stands, tells } of lines) {
        this.#lostOnDisk += stands
        if (!tells) this.#dropped += stands
      }
      this.#tell(error)
    }
    this.#queuedBytes -= Buffer.byteLength(text)
  }

  #notOpen(): Error {
    return new Error(`the trace file ${this.#path} is not open`)
  }

  /** One failure is told once, however many writes it takes with it. */
  #tell(cause: unknown): void {
    if (this.#failing) return
    this.#failing = true
    const reason = cause instanceof Error ? cause.message : String(cause)
    try {
      this.#onError(new Error(`the trace cannot be written to ${this.#path}: ${reason}`, { cause }))
    } catch (error) {
      tellConsole(error)
    }
  }
}

interface Line {
  text: string
  /** How many events are not in the file if this is not. */
  stands: number
  /** It tells of events that were lost and counted before. */
  tells?: true
}

const ownerOnly = 0o600
const newline = 0x0a

function lineOf(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}

function droppedLine(lines: number): string {
  return lineOf({ type: 'dropped', at: sinceEpoch(performance.now()), lines })
}

/** To the microsecond: a fraction any longer is noise. */
function sinceEpoch(at: number): number {
  return Math.round((performance.timeOrigin + at) * 1000) / 1000
}

function tellConsole(error: unknown): void {
  console.error(error)
}
