import { setMaxListeners } from 'node:events'
import { decodeEarly, decodeFrame, type Envelope } from '@lastword/protocol'
import { onTestFinished, vi } from 'vitest'
import { TestPlatform } from '../../../session/test/pair.ts'
import type { PageConnectOptions, PageSession } from '../../src/page/connect-options.ts'
import { connect } from '../../src/page/index.ts'
import { FakeSocket, fakePage } from './fake-page.ts'

/** One socket of a page, with the server's end of it in the hands of a test. */
export interface Served {
  readonly socket: FakeSocket
  readonly early: boolean
  /** Everything that the client said on it. */
  readonly said: Envelope[]
  /** What this side closed it with. */
  readonly closedWith: () => number | undefined
  /** The handshake is done. */
  open(): Promise<void>
  say(...envelopes: object[]): Promise<void>
  /** Greets the session that said hello, opening the socket if that has not happened. */
  welcome(changes?: object): Promise<void>
  end(code?: number, reason?: string, clean?: boolean): Promise<void>
}

export interface Page {
  session: PageSession
  platform: TestPlatform
  events: Array<[name: string, value: unknown]>
  /** The socket with this number, the first one is 0. */
  link(n: number): Promise<Served>
  links(): number
  /** Something happens to the page. */
  fire(event: string, fields?: object): Promise<void>
  /** How many listeners the page has. */
  listeners(): number
  posted: Array<{ url: string; init: RequestInit }>
}

/** A page that has called `connect()`. Time stands still until a test moves it. */
export function openPage(options: PageConnectOptions = {}, url = 'ws://server.example/path'): Page {
  const platform = new TestPlatform()
  fakePage(platform, () => {})
  onTestFinished(() => void vi.unstubAllGlobals())
  const target = new EventTarget()
  let count = 0
  const listen = (type: string, listener: EventListener, { signal }: AddEventListenerOptions) => {
    count++
    setMaxListeners(0, signal as AbortSignal)
    signal?.addEventListener('abort', () => count--)
    target.addEventListener(type, listener, { signal: signal as AbortSignal })
  }
  vi.stubGlobal('addEventListener', listen)
  const posted: Page['posted'] = []
  vi.stubGlobal('fetch', async (address: string, init: RequestInit) => {
    posted.push({ url: address, init })
    return new Response()
  })
  const session = connect(url, { reconnect: { nextDelayMs: () => 0 }, ...options })
  session.opened.catch(() => {})
  const events: Page['events'] = []
  for (const name of [
    'connecting',
    'open',
    'recovering',
    'recovered',
    'away',
    'disconnected',
    'closing',
    'lost',
    'closed',
  ] as const) {
    session.on(name, (value) => events.push([name, value]))
  }
  session.on('error', () => {})
  const served: Served[] = []
  return {
    session,
    platform,
    events,
    posted,
    links: () => FakeSocket.all.length,
    listeners: () => count,
    async link(n) {
      await platform.settle()
      for (let tries = 0; FakeSocket.all[n] === undefined && tries < 5; tries++) await platform.advance(1)
      const socket = FakeSocket.all[n]
      if (socket === undefined) throw new Error(`there is no link ${n}, only ${FakeSocket.all.length}`)
      served[n] ??= serve(socket, platform)
      return served[n]
    },
    async fire(event, fields = {}) {
      target.dispatchEvent(Object.assign(new Event(event), fields))
      await platform.settle()
    },
  }
}

function serve(socket: FakeSocket, platform: TestPlatform): Served {
  const said: Envelope[] = []
  const hear = (frame: string | Uint8Array) => {
    said.push(...decodeFrame(frame, frame.length, { frameBytesMax: Number.POSITIVE_INFINITY }).envelopes)
  }
  const early = decodeEarly(socket.protocols)
  if (early !== undefined) hear(early)
  let closedWith: number | undefined
  socket.far.attach({
    onOpen() {},
    onDrain() {},
    onFrame: hear,
    onEnd: ({ code }) => {
      closedWith = code
    },
  })
  const made: Served = {
    socket,
    early: early !== undefined,
    said,
    closedWith: () => closedWith,
    async open() {
      socket.open()
      await platform.settle()
    },
    async say(...envelopes) {
      socket.far.send(JSON.stringify(envelopes))
      await platform.settle()
    },
    async welcome(changes = {}) {
      if (!socket.opened) await made.open()
      const { sid } = said[0] as { sid: string }
      const window = { messages: 16, bytes: 1 << 20 }
      const greeting = { t: 'welcome', sid, resumed: false, got: 0, window, ttl: 60_000, keepalive: 15_000 }
      await made.say({ ...greeting, maxBytes: 1 << 20, ...changes })
    },
    async end(code = 1006, reason = '', clean = false) {
      if (socket.opened && clean) void socket.far.close(code, reason)
      else socket.onclose?.({ code, reason, wasClean: clean })
      await platform.settle()
    },
  }
  return made
}
