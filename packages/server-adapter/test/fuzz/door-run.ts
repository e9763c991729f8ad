import { closeCodes, encodeEarly, limits, resetCodes } from '@lastword/protocol'
import { edited } from '../../../protocol/test/fuzz/edits.ts'
import { framesFrom, type PeerView } from '../../../protocol/test/fuzz/peer-frames.ts'
import type { FrameText } from '../../../protocol/test/fuzz/seed-frames.ts'
import { Broken, demand } from '../../../protocol/test/fuzz/watch.ts'
import { type Adapter, createAdapter, type IncomingMessage, type Session } from '../../src/index.ts'
import { heardIn, type MemoryAnswer, request, roundBody } from '../memory-post.ts'
import { arriveAt, type MemorySocket, settled } from '../memory-socket.ts'
import type { DoorStep, Greeting } from './door-steps.ts'
import { VirtualTime } from './virtual-time.ts'

/** Makes the adapter under test: the real one, or one with a planted fault. */
export type MakeAdapter = typeof createAdapter

/**
 * Runs an adapter against clients that do what the steps say, beside one that behaves. Throws where a promise is broken.
 * It puts virtual time in the place of the real one: one run at a time.
 */
export async function runDoor(steps: readonly DoorStep[], make: MakeAdapter = createAdapter): Promise<void> {
  const time = new VirtualTime()
  const { error: realError } = console
  const reported: unknown[] = []
  console.error = (...words) => reported.push(words)
  time.install()
  try {
    const run = new DoorRun(time, make)
    await run.begin()
    for (const step of steps) await run.take(step)
    await run.finish()
  } finally {
    time.uninstall()
    console.error = realError
  }
  if (reported.length > 0) throw new Broken('P7', `an error that nobody foresaw: ${String(reported[0])}`)
}

/** One of the sessions that strangers fight for. */
interface Contested {
  sid: string
  key: string
  links: number
  session: Session | undefined
  /** The highest number that was given to a handler. */
  given: number
  /** Messages whose handler has not finished. */
  open: Array<() => void>
}

interface Stranger {
  socket: MemorySocket
  /** It says all that it takes to resume the session that `of` is, or something of it is wrong. */
  mayResume: boolean
  of: Session | undefined
  about: Contested
  said: FrameText[]
  gone: boolean
}

interface Post {
  answer: MemoryAnswer
  /** It says nothing that could be the session's that `of` is. */
  stranger: boolean
  of: Session | undefined
  left: boolean
}

class DoorRun {
  readonly #time: VirtualTime
  readonly #adapter: Adapter
  readonly #contested: Contested[] = [0, 1, 2].map((n) => ({
    ...{ sid: `a-contested-session-${n}`, key: `the-key-of-contested-session-${n}`, links: 0 },
    ...{ session: undefined, given: 0, open: [] },
  }))
  readonly #strangers: Stranger[] = []
  readonly #posts: Post[] = []
  /** How many rounds each of three poll links has had. */
  readonly #rounds = [0, 0, 0]
  readonly #undecided: Array<(identity: string | false) => void> = []
  #neighbour!: MemorySocket
  #owner!: MemorySocket
  #owned: Session | undefined
  #asked = 0
  #broken: Broken | undefined

  constructor(time: VirtualTime, make: MakeAdapter) {
    this.#time = time
    this.#adapter = make({
      maxBytes: limits.maxBytesMin,
      keepaliveMs: limits.timerMsMax,
      sessionsPerIdentityMax: 3,
      authenticate: ({ auth }) => this.#authenticate(auth),
    })
    this.#adapter.on('refused', ({ code }) => {
      const known = code in closeCodes || resetCodes.some((reset) => reset === code)
      this.#note(known, 'R-58', `refused as ${code}`)
    })
    this.#adapter.onSession((session) => this.#onSession(session))
  }

  async begin(): Promise<void> {
    this.#neighbour = arriveAt(this.#adapter)
    this.#neighbour.say({
      ...{ t: 'hello', v: 1, sid: 'a-neighbour-who-behaves', key: 'the-key-of-the-neighbour', link: 1 },
      ...{ fresh: true, got: 0, window: { messages: 64, bytes: 1 << 20 }, auth: 'the neighbour' },
    })
    await settled()
    // One of the three is there already, with a client that holds on to it.
    const [owned] = this.#contested as [Contested]
    this.#owner = arriveAt(this.#adapter)
    owned.links = 1
    this.#owner.say(helloFrom(this.#viewOf(owned, [], []), rightGreeting, 1))
    await settled()
    this.#owned = owned.session
    await this.#neighbourGoesOn()
  }

  async take(step: DoorStep): Promise<void> {
    switch (step.do) {
      case 'arrive':
        return this.#arrive(step)
      case 'post':
        return this.#post(step)
      case 'frame': {
        const there = this.#strangers.filter(({ gone }) => !gone)
        const stranger = there[step.link % Math.max(1, there.length)]
        if (stranger !== undefined) this.#say(stranger, framesFrom(this.#view(stranger), step.frame))
        return
      }
      case 'leave': {
        const stranger = this.#strangers[step.link % Math.max(1, this.#strangers.length)]
        stranger?.socket.leave(step.code)
        return
      }
      case 'settle':
        return this.#settle()
      case 'time':
        return this.#time.pass(step.ms, settled)
      case 'decide':
        for (const decide of this.#undecided.splice(0)) decide(step.as === 'nobody' ? false : step.as)
        return
      case 'server':
        return this.#serve(step)
    }
  }

  async finish(): Promise<void> {
    await this.#settle()
    await this.#neighbourGoesOn()
    for (const { socket } of this.#strangers) socket.leave()
    this.#owner.leave()
    await this.#settle()
    for (const decide of this.#undecided.splice(0)) decide(false)
    await this.#settle()
    for (const { session } of this.#contested) {
      // What is still open when its session ends is nobody's business any more.
      if (session !== undefined && session.state !== 'closed') session.abort()
    }
    await this.#time.pass(4 * 60_000, settled)
    demand(this.#adapter.sessionCount <= 1, 'P7', `${this.#adapter.sessionCount} sessions are kept for ever`)
    await this.#neighbourGoesOn()
    for (const { socket } of this.#strangers) demand(socket.readyState === 3, 'P7', 'a link was never ended')
    const { links } = this.#adapter.stats()
    demand(links === 1, 'P7', `${links} links are left, and one should be`)
    for (const { answer, left } of this.#posts) {
      demand(left || answer.status !== undefined, 'P7', 'a POST was never answered')
    }
  }

  #authenticate(auth: unknown): string | false | Promise<string | false> {
    if (auth === 'throws') throw new Error('the database is away')
    if (auth === 'slow') return new Promise((resolve) => this.#undecided.push(resolve))
    return typeof auth === 'string' && auth !== 'nobody' ? auth : false
  }

  #onSession(session: Session): void {
    session.on('error', () => {})
    if (session.id === 'a-neighbour-who-behaves') {
      session.handle('ask', (n: number) => n * 2)
      return
    }
    const contested = this.#contested.find(({ sid }) => sid === session.id)
    // A client that lies about its id has a session of its own.
    if (contested === undefined) return
    // A session that was forgotten begins anew.
    Object.assign(contested, { session, given: 0, open: [] })
    session.handle('n', (_: unknown, message: IncomingMessage) => this.#given(contested, session, message))
  }

  #given(contested: Contested, session: Session, message: IncomingMessage): Promise<void> | void {
    this.#note(session.state !== 'closed', 'P3', 'a message was given out after the end')
    if (contested.session === session) {
      const behind = `message ${message.seq} was given out behind ${contested.given}`
      this.#note(message.seq > contested.given, 'P2', behind)
      contested.given = message.seq
    }
    return new Promise((resolve) => contested.open.push(resolve))
  }

  #arrive({ how, greeting, edits, behind }: Extract<DoorStep, { do: 'arrive' }>): void {
    const about = this.#contested[greeting.session] as Contested
    const link = Math.max(1, about.links + 1 + greeting.link)
    about.links = Math.max(about.links, link)
    const view = this.#viewOf(about, [], [])
    const first = edited({ text: `[${JSON.stringify(helloFrom(view, greeting, link))}]` }, edits)
    const text = (first as { text: string }).text
    const early = how === 'early' || how === 'early twice' ? encodeEarly(text) : undefined
    const offered = ['lastword.1', ...(early === undefined ? [] : [early])]
    if (how === 'early twice') offered.push(encodeEarly('[]') as string)
    const socket = arriveAt(this.#adapter, offered)
    const mayResume = edits.length > 0 || isRight(greeting)
    const stranger: Stranger = { socket, mayResume, of: about.session, about, said: [], gone: false }
    this.#strangers.push(stranger)
    if (how === 'frame') this.#say(stranger, [first])
    if (behind !== undefined) this.#say(stranger, framesFrom(this.#view(stranger), behind))
  }

  #post(step: Extract<DoorStep, { do: 'post' }>): void {
    const { kind, name, off, greeting, edits, behind, closes, bodyEdits, leaves } = step
    const about = this.#contested[greeting.session] as Contested
    const link = Math.max(1, about.links + 1 + greeting.link)
    about.links = Math.max(about.links, link)
    const view = this.#viewOf(about, [], [])
    const first = edited({ text: `[${JSON.stringify(helloFrom(view, greeting, link))}]` }, edits)
    const n = Math.max(0, (this.#rounds[name] as number) + off)
    const frames = [
      ...(kind === 'once' || n === 0 ? [first] : []),
      ...(behind === undefined ? [] : framesFrom(view, behind)),
    ].map((frame) => ('text' in frame ? frame.text : Buffer.from(frame.hex, 'hex')))
    const more = { link: `a-poll-link-of-three-${name}`, ...(closes && { close: [1000, ''] }) }
    const body = kind === 'poll' ? roundBody(n, frames, more) : (frames[0] ?? '')
    if (kind === 'poll') this.#rounds[name] = Math.max(this.#rounds[name] as number, n + 1)
    const whole = edited({ hex: Buffer.from(body as string).toString('hex') }, bodyEdits) as { hex: string }
    const answer = request(this.#adapter, `?lastword=${kind}`, Buffer.from(whole.hex, 'hex'))
    demand(answer.taken, 'R-135', 'a POST of a link was not taken for one')
    const untouched = edits.length === 0 && bodyEdits.length === 0 && behind === undefined
    const stranger = kind === 'once' && untouched && !isRight(greeting)
    this.#posts.push({ answer, stranger, of: about.session, left: leaves })
    if (leaves) answer.leave()
  }

  #say(stranger: Stranger, frames: FrameText[]): void {
    for (const frame of frames) {
      stranger.said.push(frame)
      stranger.socket.arrive('text' in frame ? frame.text : new Uint8Array(Buffer.from(frame.hex, 'hex')))
    }
  }

  #serve({ session: index, what }: Extract<DoorStep, { do: 'server' }>): void {
    const contested = this.#contested[index % this.#contested.length] as Contested
    const { session } = contested
    if (what === 'answer') return contested.open.shift()?.()
    if (session === undefined) return
    if (what === 'send') session.send('x', index).catch(() => {})
    else if (what === 'close') void session.close({ timeoutMs: 30_000 })
    else session.abort('enough')
  }

  #view({ about, socket, said }: Stranger): PeerView {
    return this.#viewOf(about, socket.heard, said)
  }

  #viewOf(about: Contested, heard: MemorySocket['heard'], said: FrameText[]): PeerView {
    const sent = heard.filter(({ t }) => t === 'msg' || t === 'fin')
    return {
      sid: about.sid,
      key: about.key,
      sent: about.given,
      seen: Math.max(0, ...sent.map(({ seq }) => Number(seq))),
      ids: sent.flatMap(({ id }) => (typeof id === 'string' ? [id] : [])),
      links: about.links,
      said,
    }
  }

  /** What a callback finds out is told later, where nobody else takes it for an error of the application. */
  #note(holds: boolean, promise: string, what: string): void {
    if (!holds) this.#broken ??= new Broken(promise, what)
  }

  async #settle(): Promise<void> {
    await settled()
    if (this.#broken !== undefined) throw this.#broken
    for (const stranger of this.#strangers) {
      if (stranger.socket.readyState === 3) stranger.gone = true
      const { closed } = stranger.socket
      if (closed === undefined) continue
      const known = Object.values(closeCodes).some((code) => code === closed.code)
      demand(known, 'R-21', `a link was closed with ${closed.code}`)
      demand(!/the-key-of/.test(closed.reason), 'R-116', `a reason that names a key: ${closed.reason}`)
    }
    for (const { socket, mayResume, of } of this.#strangers) {
      // As long as the session goes on that its owner opened, nobody else gets in.
      if (mayResume || of === undefined || of !== this.#owned || of.state === 'closed') continue
      demand(!socket.heard.some(({ t }) => t === 'welcome'), 'P8', 'a stranger has been let in')
    }
    for (const { answer, stranger, of } of this.#posts) {
      const { status } = answer
      const known = status === undefined || [200, 400, 409, 410, 413, 503].includes(status)
      demand(known, 'R-135', `a POST was answered with ${status}`)
      if (!stranger || status !== 200 || of === undefined || of !== this.#owned || of.state === 'closed')
        continue
      demand(!heardIn(answer.body).some(({ t }) => t === 'welcome'), 'P8', 'a stranger has been let in')
    }
    const bound = 1 + this.#contested.length + this.#liars()
    demand(this.#adapter.sessionCount <= bound, 'P7', `${this.#adapter.sessionCount} sessions of ${bound}`)
  }

  /** Links whose greeting was damaged may be about any session. */
  #liars(): number {
    return this.#strangers.length + this.#posts.length
  }

  async #neighbourGoesOn(): Promise<void> {
    const d = ++this.#asked
    this.#neighbour.say({ t: 'msg', seq: d, id: `ask-${d}`, ch: 'ask', ask: true, d })
    await settled()
    const answer = this.#neighbour.heard.filter(({ re }) => re === `ask-${d}`).at(-1)
    demand(answer?.d === 2 * d, 'P7', 'the neighbour got no answer')
    demand(this.#neighbour.closed === undefined, 'P7', 'the neighbour’s link was closed')
    this.#neighbour.say({ t: 'ack', n: d })
  }
}

const rightGreeting: Greeting = {
  ...{ session: 0, rightKey: true, fresh: true, link: 0, off: 0, auth: 'anna', v: 1, gone: false },
}

/** A `slow` one is decided upon as somebody, perhaps the right one. */
function isRight({ rightKey, auth, v }: Greeting): boolean {
  return rightKey && v === 1 && (auth === 'anna' || auth === 'slow')
}

function helloFrom(view: PeerView, greeting: Greeting, link: number): object {
  return {
    ...{ t: 'hello', v: greeting.v, sid: view.sid, link, fresh: greeting.fresh },
    key: greeting.rightKey ? view.key : 'the-key-of-somebody-else-at-all',
    got: Math.max(0, view.seen + greeting.off),
    window: { messages: 8, bytes: limits.maxBytesMin },
    auth: greeting.auth,
    ...(greeting.gone && { gone: true }),
  }
}
