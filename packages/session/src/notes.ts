import {
  ArgumentError,
  type Contract,
  type ErrorDetails,
  encodeNote,
  LastwordError,
  limits,
  noteBytesMax,
  PayloadError,
  payloadText,
  utf8Length,
} from '@lastword/protocol'
import { binaryOf } from './binary.ts'
import { HandlersByName } from './handlers-by-name.ts'
import { type Checked, checkPayload } from './payload-check.ts'
import { wordsOf } from './words-of.ts'

export type NoteHandler = (payload: never) => unknown

/** What notes need of their session. */
export interface NotesHost {
  /** True while a note would go out. */
  takesNotes(): boolean
  submitNote(text: string, payload: Uint8Array | undefined): void
  onError(error: LastwordError): void
}

/** Both ways of what is neither retained nor acknowledged. */
export class Notes {
  readonly #host: NotesHost
  readonly #contract: Contract | undefined
  readonly #details: ErrorDetails
  readonly #handlers = new HandlersByName<NoteHandler>()
  /** Notes of the peer that a schema still looks at. */
  #checking = 0

  constructor(host: NotesHost, contract: Contract | undefined, sessionId: string) {
    this.#host = host
    this.#contract = contract
    this.#details = { sessionId }
  }

  /**
   * Sends a note. False if it was dropped at once.
   *
   * @throws ArgumentError, or PayloadError; where a schema takes its time that is an `error` event instead.
   */
  send(name: string, payload: unknown): boolean {
    const checked = checkPayload(this.#contract?.[name]?.payload, payload)
    if (!(checked instanceof Promise)) return this.#submit(name, checked)
    void checked
      .then((outcome) => this.#submit(name, outcome))
      .catch((error) => this.#host.onError(error as LastwordError))
    return this.#host.takesNotes()
  }

  /** False if the name has a handler already. */
  addHandler(name: string, handler: NoteHandler): boolean {
    return this.#handlers.add(name, handler)
  }

  removeHandler(name: string, handler: NoteHandler): void {
    this.#handlers.remove(name, handler)
  }

  receive(name: string, payload: unknown): void {
    // A schema that is slower than the peer sends has more to do than it can: notes are what may be dropped.
    if (this.#handlers.get(name) === undefined || this.#checking >= checkingMax) return
    const checked = checkPayload(this.#contract?.[name]?.payload, payload)
    if (!(checked instanceof Promise)) return this.#give(name, checked)
    this.#checking++
    void checked.then((outcome) => {
      this.#checking--
      this.#give(name, outcome)
    })
  }

  #submit(name: string, checked: Checked): boolean {
    if ('issues' in checked) throw this.#unfit(name, checked)
    const given = binaryOf(checked.value)
    // Not by `slice`, which for a Buffer of Node copies nothing.
    const binary = given && new Uint8Array(given)
    const text = binary === undefined ? payloadText(checked.value) : undefined
    const bytes = binary?.byteLength ?? utf8Length(text ?? '')
    // A name may cost six characters for each of its own, escaped.
    if (bytes > noteBytesMax - limits.chCharsMax * 6) {
      throw new ArgumentError(`a note of ${bytes} bytes is too large`, 'Send it as a message.')
    }
    if (!this.#host.takesNotes()) return false
    this.#host.submitNote(encodeNote(name, text), binary)
    return true
  }

  #give(name: string, checked: Checked): void {
    if ('issues' in checked) return this.#host.onError(this.#unfit(name, checked))
    const handler = this.#handlers.get(name)
    if (handler === undefined) return
    try {
      const result = handler(checked.value as never) as PromiseLike<unknown> | undefined
      if (typeof result?.then === 'function') result.then(undefined, (cause) => this.#failed(name, cause))
    } catch (cause) {
      this.#failed(name, cause)
    }
  }

  #failed(name: string, cause: unknown): void {
    const what = `the handler of note "${name}" failed: ${wordsOf(cause)}`
    this.#host.onError(new LastwordError('handler-failed', what, { ...this.#details, cause }))
  }

  #unfit(name: string, { issues, cause }: Extract<Checked, { issues: unknown }>): PayloadError {
    return new PayloadError(name, issues, { ...this.#details, cause })
  }
}

/** Notes that schemas may look at at once; what comes meanwhile is dropped. */
const checkingMax = 64
