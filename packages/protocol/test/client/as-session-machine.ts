import { type ClientMachine, clientMachine } from '../../src/client/client-machine.ts'
import type { ClientMessage } from '../../src/client/client-message.ts'
import type { Frame } from '../../src/envelope.ts'
import type { OneShot } from '../../src/last-words.ts'
import type { OutgoingMessage } from '../../src/outgoing-message.ts'
import type { LinkId, SessionConfig, SessionInput, SessionOutput } from '../../src/session-io.ts'
import type { SessionMachine } from '../../src/session-machine.ts'

/** The client's machine behind the face of `SessionMachine`: what the vectors and the simulation drive. */
export class ClientAsSessionMachine<Tag>
  implements
    Pick<
      SessionMachine<Tag>,
      | 'handle'
      | 'takeOutputs'
      | 'pollFrame'
      | 'pollFrameOf'
      | 'nextTimeout'
      | 'ended'
      | 'attached'
      | 'wantsLink'
      | 'welcomed'
      | 'retainedBytes'
      | 'takeJournalWrite'
      | 'fateOf'
    >
{
  readonly client: ClientMachine<Tag>
  #outputs: SessionOutput<Tag>[] = []
  /** The links that were started and are not over: the first is the current one. */
  readonly #links = new Set<LinkId>()

  constructor(config: SessionConfig) {
    const out = (output: SessionOutput<Tag>) => void this.#outputs.push(output)
    this.client = clientMachine<Tag>(config, {
      attached: (link, resumed) => out({ type: 'attached', link, resumed }),
      detached: (link, code, reason) => out({ type: 'detached', link, code, reason }),
      message: (envelope, payload) =>
        out({ type: 'message', envelope, payload, redelivered: envelope.again === true }),
      note: (envelope, payload) => out({ type: 'note', envelope, payload }),
      cancel: ({ re }) => out({ type: 'cancel', re }),
      peerFin: ({ code, reason }) => out({ type: 'peer-fin', code, reason }),
      away: ({ after, reason, location }) => out({ type: 'away', after, reason, location }),
      // Those of one acknowledgement, and of one end, come in one output.
      handled: (message) => this.#join('handled', message as OutgoingMessage<Tag>),
      failed: (message, fate, why, tooLarge) =>
        this.#join('failed', { message: message as OutgoingMessage<Tag>, fate }, why, tooLarge),
      closeLink: (link, code, reason, last) =>
        out({ type: 'link-close', link, code, reason, last, peerDone: false }),
      fault: (by, code, message) => out({ type: 'fault', by, code, message }),
      ended: (report) => out({ type: 'ended', report }),
      released: () => out({ type: 'released' }),
    })
  }

  get ended(): boolean {
    return this.client.ended()
  }

  get attached(): boolean {
    return this.client.attached()
  }

  get wantsLink(): boolean {
    return this.client.wantsLink()
  }

  get welcomed(): boolean {
    return this.client.welcomed()
  }

  get retainedBytes(): number {
    return this.client.retainedBytes()
  }

  fateOf(message: ClientMessage<Tag>) {
    return this.client.fateOf(message)
  }

  nextTimeout(): number {
    return this.client.nextTimeout()
  }

  takeJournalWrite(): undefined {}

  #join(type: 'handled' | 'failed', message: unknown, why = '', tooLarge = false): void {
    const before = this.#outputs.at(-1)
    if (before?.type === type && (before.type === 'handled' || before.why === why)) {
      ;(before.messages as unknown[]).push(message)
    } else this.#outputs.push({ type, messages: [message], why, tooLarge } as SessionOutput<Tag>)
  }

  takeOutputs(): SessionOutput<Tag>[] {
    this.client.carryOut()
    const outputs = this.#outputs
    this.#outputs = []
    for (const output of outputs) if (output.type === 'link-close') this.#links.delete(output.link)
    return outputs
  }

  pollFrame(strictBytes?: number): Frame | undefined {
    const [current] = this.#links
    return current === undefined ? undefined : this.client.pollFrame(current, strictBytes)
  }

  pollFrameOf(link: LinkId, strictBytes?: number): Frame | undefined {
    return this.client.pollFrame(link, strictBytes)
  }

  /** The page goes away. Unless it has gone for good, it may be restored. */
  lastWords({ bytesMax, auth }: OneShot, _now: number, gone = false): Frame[] {
    this.#links.clear()
    return this.client.lastWords(bytesMax, auth, gone)
  }

  handle(input: SessionInput<Tag>, now: number): void {
    const { client } = this
    switch (input.type) {
      case 'link-start':
        this.#links.add(input.link)
        client.startLink(input.link, input.auth)
        return
      case 'link-open':
        return client.linkOpen(input.link, now)
      case 'link-end':
        this.#links.delete(input.link)
        return client.linkEnd(input.link, input.code, input.reason, input.clean)
      case 'frame':
        return client.frame(input.link, input.frame, input.bytes, now)
      case 'send':
        return client.send(input.message)
      case 'drop':
        return client.drop(input.message)
      case 'note':
        client.note(input.text)
        return
      case 'cancel':
        return client.cancel(input.re)
      case 'handled':
        return client.handled(input.seq, now)
      case 'close':
        return client.close(input.timeoutMs, now)
      case 'fin':
        return client.fin(input.code, input.reason, now)
      case 'abort':
        return client.abort(input.code, input.reason)
      case 'timeout':
        return client.timeout(now)
      default:
        throw new TypeError(`a client without a journal has no input ${input.type}`)
    }
  }
}
