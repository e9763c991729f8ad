import { encodeMessage, type MessageParts } from '../src/encode.ts'
import type { Envelope, Frame, HelloEnvelope } from '../src/envelope.ts'
import type { OutgoingMessage } from '../src/outgoing-message.ts'
import type { SessionConfig, SessionInput, SessionOutput } from '../src/session-io.ts'
import { SessionMachine } from '../src/session-machine.ts'
import { frameBytes, readFrame } from './sim/endpoint.ts'

type Role = 'client' | 'server'
type Output = SessionOutput<string>
type OutputOf<T extends Output['type']> = Extract<Output, { type: T }>

export const config = (role: Role, changes: Partial<SessionConfig> = {}): SessionConfig => ({
  role,
  sid: 'session-of-the-test',
  key: 'key-of-the-session',
  window: { messages: 1024, bytes: 4 * 1024 * 1024 },
  maxBytes: 1024 * 1024,
  keepaliveMs: 15_000,
  ttlMs: 60_000,
  welcomeTimeoutMs: 10_000,
  ...changes,
})

/** A machine and everything that has come out of it. Time stands still unless a test moves it. */
export class Subject {
  readonly machine: SessionMachine<string>
  readonly outputs: Output[] = []
  now = 0

  constructor(
    role: Role,
    changes?: Partial<SessionConfig>,
    machine = new SessionMachine<string>(config(role, changes)),
  ) {
    this.machine = machine
  }

  /** Gives an input in. Returns what came out of it. */
  input(input: SessionInput<string>): Output[] {
    this.machine.handle(input, this.now)
    const outputs = this.machine.takeOutputs()
    this.outputs.push(...outputs)
    return outputs
  }

  /** What has come out so far, of one type. */
  all<T extends Output['type']>(type: T): Array<OutputOf<T>> {
    return this.outputs.filter((output): output is OutputOf<T> => output.type === type)
  }

  send(id: string, parts: MessageParts = {}): OutgoingMessage<string> {
    const message = encodeMessage(id, parts, id)
    this.input({ type: 'send', message })
    return message
  }

  /** Frames that wait, as many as there are. */
  poll(): Frame[] {
    const frames: Frame[] = []
    for (let frame = this.machine.pollFrame(); frame !== undefined; frame = this.machine.pollFrame())
      frames.push(frame)
    return frames
  }

  /** The envelopes of all frames that wait. */
  pollEnvelopes(): Envelope[] {
    return this.poll().flatMap((frame) => readFrame(frame).envelopes)
  }

  receive(link: number, frame: Frame | Envelope[]): Output[] {
    const real = Array.isArray(frame) ? JSON.stringify(frame) : frame
    return this.input({ type: 'frame', link, frame: real, bytes: frameBytes(real) })
  }

  /** `finish`: the application closes and has nothing more to say. */
  finish(): void {
    this.input({ type: 'close', timeoutMs: 60_000 })
    this.input({ type: 'fin' })
  }

  wait(ms: number): Output[] {
    this.now += ms
    return this.input({ type: 'timeout' })
  }

  endLink(link: number, end: { code?: number; clean?: boolean; neverLeft?: boolean } = {}): Output[] {
    const { code = 1006, clean = false, neverLeft = false } = end
    return this.input({ type: 'link-end', link, code, reason: '', clean, neverLeft })
  }
}

/** A client and a server that a test connects by hand: nothing moves unless it says so. Both number their links alike. */
export class Pair {
  readonly client: Subject
  readonly server: Subject

  constructor(
    clientChanges?: Partial<SessionConfig>,
    serverChanges?: Partial<SessionConfig>,
    client = new Subject('client', clientChanges),
  ) {
    this.client = client
    this.server = new Subject('server', serverChanges)
  }

  /** Opens link `link`, and carries what waits on both sides until nothing does. */
  connect(link: number): void {
    this.start(link)
    this.carry(link)
  }

  /** The client's `hello`, and what is in its frame, arrive at the server. Nothing comes back yet. */
  start(link: number): void {
    this.client.input({ type: 'link-start', link })
    this.client.input({ type: 'link-open', link })
    this.admit(link, this.client.machine.pollFrameOf(link) as Frame)
  }

  admit(link: number, frame: Frame): void {
    const [hello, ...rest] = readFrame(frame).envelopes
    this.server.input({ type: 'link-accept', link, hello: hello as HelloEnvelope })
    const decoded = { envelopes: rest, payload: undefined }
    this.server.input({ type: 'decoded', link, decoded, bytes: frameBytes(frame) })
  }

  /** Carries frames over link `link` both ways, until nothing waits. */
  carry(link: number): void {
    for (;;) {
      const up = this.client.poll()
      for (const frame of up) this.server.receive(link, frame)
      const down = this.server.poll()
      for (const frame of down) this.client.receive(link, frame)
      if (up.length + down.length === 0) return
    }
  }

  /** The link breaks; both sides learn it. */
  cut(link: number): void {
    this.client.endLink(link)
    this.server.endLink(link)
  }
}
