import { encodeMessage, encodeNote } from '../../src/encode.ts'
import type { MsgEnvelope } from '../../src/envelope.ts'
import { limits } from '../../src/limits.ts'
import type { Endpoint, Output } from './endpoint.ts'
import type { SidePlan } from './plan.ts'
import type { Random } from './random.ts'
import type { Sent } from './sent.ts'
import type { World } from './world.ts'

/** The application of one side: sends, handles, answers and closes as its plan has it, as the session's runtime would. */
export class Application {
  readonly #world: World
  readonly #plan: SidePlan
  readonly #random: Random
  readonly #endpoint: Endpoint
  readonly #prefix: string
  #again = false
  #listening = false
  #waiting: MsgEnvelope[] = []
  #running = 0
  #openRequests = 0
  #lastFinished = 0
  #closing = false
  #ended = false
  readonly #asked: string[] = []

  constructor(world: World, plan: SidePlan, random: Random, endpoint: Endpoint, prefix: string) {
    this.#world = world
    this.#plan = plan
    this.#random = random
    this.#endpoint = endpoint
    this.#prefix = prefix
    endpoint.onOutput = (output) => this.#onOutput(output)
  }

  /** Once: what is sent in the same turn, and everything that will be done later. */
  start(): void {
    const plan = this.#plan
    const clock = this.#endpoint
    for (let i = 0; i < plan.messages; i++) {
      if (i < plan.atOnce) this.#sendOne()
      else clock.after(this.#random.int(0, plan.sendUntil), () => this.#sendOne())
    }
    if (plan.attachAt === 0) this.#listen()
    else clock.after(plan.attachAt, () => this.#listen())
    if (plan.closeAt === 0 && this.#random.chance(0.5)) this.#close()
    else clock.after(plan.closeAt, () => this.#close())
    if (plan.abortAt !== undefined) clock.after(plan.abortAt, () => this.abort())
  }

  /** Once, in place of `start`, in a process that has found the session in its journal: not all of the plan is left. */
  startAgain(): void {
    this.#again = true
    const plan = this.#plan
    const random = this.#random
    const { ledger } = this.#endpoint
    const soonMs = random.pick([0, 20, 300])
    const left = Math.max(0, plan.messages - ledger.out.count)
    for (let i = random.int(0, Math.min(left + 2, 20)); i > 0; i--) {
      this.#endpoint.after(random.int(0, soonMs), () => this.#sendOne())
    }
    this.#endpoint.after(random.chance(0.8) ? 0 : soonMs, () => this.#listen())
    this.#endpoint.after(random.int(soonMs, restartedUntilMs), () => this.#close())
  }

  /** Gives the session up. */
  abort(): void {
    if (this.#ended) return
    this.#endpoint.ledger.did.abort = true
    this.#endpoint.input({ type: 'abort', code: 'aborted', reason: 'the application gave up' })
  }

  // Sending

  #sendOne(): void {
    const { statistics } = this.#world
    if (this.#ended || this.#closing) {
      // A runtime refuses it before the machine sees it; the machine must refuse it too.
      if ((!this.#ended && !this.#endpoint.ledger.did.fin) || !this.#random.chance(0.2)) return
      statistics.count('message after fin')
      return void this.#send(undefined, false, true)
    }
    if (this.#random.chance(this.#plan.noteShare)) {
      const text = encodeNote('n', JSON.stringify('n'.repeat(this.#random.int(0, 30_000))))
      this.#endpoint.input({ type: 'note', text })
    }
    const ask = this.#random.chance(this.#plan.askShare)
    const sent = this.#send(undefined, ask, false)
    if (ask) {
      this.#asked.push(sent.id)
      if (this.#random.chance(this.#plan.cancelShare)) this.#endpoint.input({ type: 'cancel', re: sent.id })
    }
    if (this.#random.chance(this.#plan.dropShare)) {
      this.#endpoint.after(this.#random.int(0, 50), () => {
        const before = sent.fate
        this.#endpoint.input({ type: 'drop', message: sent.message })
        if (before !== undefined || sent.fate === undefined) return
        sent.takenBack = true
        statistics.count('message taken back')
        if (sent.fate === 'unknown') statistics.count('message taken back from the journal')
      })
    }
  }

  #send(re: string | undefined, ask: boolean, tooLate: boolean): Sent {
    const index = this.#endpoint.ledger.out.count++
    const id = `${this.#prefix}${index}`
    const error = re !== undefined && this.#random.chance(0.2)
    const binary = !error && this.#random.chance(this.#plan.binaryShare)
    const bytes = this.#size(re !== undefined)
    const payload = error ? undefined : binary ? bytesOf(bytes, index) : textOf(id, bytes, this.#random)
    const sent: Sent = {
      id,
      index,
      payload,
      message: undefined as unknown as Sent['message'],
      seq: 0,
      polled: false,
      transmitted: false,
      written: false,
      takenBack: false,
      restored: false,
      arrived: false,
      finished: false,
      tooLate: false,
      fate: undefined,
    }
    sent.message = encodeMessage(
      id,
      {
        name: this.#random.chance(0.5) ? 'name' : undefined,
        re,
        ask,
        err: error ? { code: 'failed', message: '' } : undefined,
        ...(typeof payload === 'string' ? { text: JSON.stringify(payload) } : { payload }),
      },
      sent,
    )
    this.#endpoint.ledger.out.onSend(sent, tooLate)
    this.#endpoint.input({ type: 'send', message: sent.message })
    if (re !== undefined) this.#world.statistics.count(error ? 'error reply' : 'reply')
    return sent
  }

  #size(reply: boolean): number {
    const random = this.#random
    switch (reply ? 'small' : this.#plan.sizes) {
      case 'small':
        return random.int(0, 200)
      case 'mixed':
        return random.chance(0.1) ? random.int(1_000, 30_000) : random.int(0, 500)
      case 'edge':
        // Around what makes a batch, the smallest largest message, and a frame's overhead.
        return random.chance(0.5) ? random.int(0, 4_200) : limits.maxBytesMin - random.int(-600, 2_500)
      case 'large':
        return random.int(60_000, this.#world.largestMessage)
    }
  }

  // Handling

  #onOutput(output: Output): void {
    switch (output.type) {
      case 'message':
        if (output.envelope.ask) this.#openRequests++
        this.#waiting.push(output.envelope)
        if (!this.#listening) this.#world.statistics.count('handlers attached late')
        return this.#startHandlers()
      case 'note':
        return this.#world.statistics.count('note delivered')
      case 'cancel':
        return this.#world.statistics.count('cancel delivered')
      case 'peer-fin': {
        const after = this.#plan.closeAfterPeer
        if (after !== undefined) this.#endpoint.after(after, () => this.#close())
        return
      }
      case 'ended':
        this.#ended = true
        return
    }
  }

  #listen(): void {
    this.#listening = true
    this.#startHandlers()
  }

  #startHandlers(): void {
    const { handler, handlerMs } = this.#plan
    while (this.#listening && this.#waiting.length > 0) {
      if (handler === 'sequential' && this.#running > 0) return
      const envelope = this.#waiting.shift() as MsgEnvelope
      this.#running++
      if (handler === 'immediate') this.#finish(envelope)
      else this.#endpoint.after(this.#random.int(0, handlerMs), () => this.#finish(envelope))
    }
  }

  /** The handler has returned or thrown: its answer goes first, then the word that it has finished. */
  #finish(envelope: MsgEnvelope): void {
    const { statistics } = this.#world
    const { ledger } = this.#endpoint
    this.#running--
    if (this.#random.chance(this.#plan.throwShare)) statistics.count('handler threw')
    if (this.#ended) statistics.count('handled after the end')
    if (envelope.seq < this.#lastFinished) statistics.count('handled out of order')
    this.#lastFinished = envelope.seq
    if (envelope.ask && !ledger.did.fin && !this.#ended) {
      if (this.#closing) statistics.count('request answered while closing')
      this.#send(envelope.id, false, false)
    }
    ledger.in.onFinished(envelope.seq)
    this.#endpoint.input({ type: 'handled', seq: envelope.seq })
    // A runtime that says it twice must not count twice.
    if (this.#random.chance(0.05)) this.#endpoint.input({ type: 'handled', seq: envelope.seq })
    if (envelope.ask) {
      this.#openRequests--
      this.#sayFin()
    }
    this.#startHandlers()
  }

  // Closing

  #close(): void {
    if (this.#closing || this.#ended) return
    this.#closing = true
    this.#endpoint.ledger.onClose()
    this.#endpoint.input({ type: 'close', timeoutMs: this.#plan.closeTimeoutMs })
    this.#sayFin()
  }

  /** Nothing more will be sent: also no reply. */
  #sayFin(): void {
    const { ledger } = this.#endpoint
    if (!this.#closing || this.#ended || this.#openRequests > 0) return
    // One that has been restored may not know that it has said it already.
    if (ledger.did.fin && !(this.#again && this.#random.chance(0.5))) return
    ledger.did.fin = true
    const reason = this.#random.chance(0.5) ? '\u0007€'.repeat(this.#random.int(0, 80)) : undefined
    this.#endpoint.input({ type: 'fin', code: 1000, reason })
  }
}

/** By when an application that was restarted closes at the latest, in virtual ms. */
export const restartedUntilMs = 600

function bytesOf(length: number, start: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = start + i
  return bytes
}

/** Text of about so many bytes as UTF-8, of one, two, three or four bytes a character. */
function textOf(id: string, bytes: number, random: Random): string {
  const filler = random.pick(['x', 'x', 'é', '€', '😀'])
  const each = filler === 'x' ? 1 : filler === 'é' ? 2 : filler === '€' ? 3 : 4
  return id + filler.repeat(Math.floor(bytes / each))
}
