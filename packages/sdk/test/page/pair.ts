import { decodeFrame, defaults, type HelloEnvelope, limits } from '@lastword/protocol'
import { Session, SessionCore, type SessionOptions } from '@lastword/session'
import { expect, vi } from 'vitest'
import type * as pairs from '../../../session/test/pair.ts'
import { openSession } from '../../src/page/session.ts'
import { FakeSocket, fakePage } from './fake-page.ts'

type Actual = typeof pairs

/** `pair()` and `unlinked()` of the session's own tests, with a page's client in the place of the client. */
export function pagePairs({
  TestPlatform,
  outcomeOf,
}: Actual): Pick<Actual, 'pair' | 'unlinked' | 'outcomeOf'> {
  let latest: pairs.TestPlatform | undefined
  function unlinked(options: pairs.PairOptions = {}): pairs.Pair {
    const platform = new TestPlatform()
    const { windowMessages = defaults.windowMessages } = options
    latest = platform
    fakePage(platform, () => {
      client.released = true
    })
    const client = clientSide(options.client ?? {}, windowMessages)
    const server = serverSide(client.session.id, options.server ?? {}, platform, windowMessages)
    const looks: Array<() => void> = []
    const made: pairs.Pair = {
      platform,
      client,
      server,
      links: [undefined, undefined] as never,
      muteServer: false,
      serverForgets: false,
      heard(look) {
        const seen: ReturnType<typeof look>[] = []
        looks.push(() => seen.push(look()))
        return seen
      },
      async link(hold) {
        await platform.settle()
        // The client may be about to open one.
        if (FakeSocket.all.at(-1)?.opened !== false) await platform.advance(1)
        const socket = FakeSocket.all.at(-1) as FakeSocket
        expect(socket?.opened, 'a link that waits to be opened').toBe(false)
        const { near, far } = socket
        made.links = [near, far]
        far.mute = made.muteServer
        let accepted: ReturnType<SessionCore['accept']> | undefined
        let held = hold !== undefined
        void hold?.then(() => {
          held = false
        })
        far.attach({
          onOpen() {},
          onDrain: () => accepted?.onDrain(),
          onEnd: (end) => accepted?.onEnd(end),
          onFrame(frame, bytes) {
            if (held) return void hold?.then(() => this.onFrame(frame, bytes))
            if (accepted !== undefined) {
              accepted.onFrame(frame, bytes)
              return looks.forEach((look) => void look())
            }
            if (made.serverForgets) {
              far.send(JSON.stringify([{ t: 'reset', code: 'session-unknown' }]))
              return void far.close(4410, '')
            }
            const limit = { frameBytesMax: defaults.maxBytes + limits.frameOverheadBytes }
            const { envelopes, payload } = decodeFrame(frame, bytes, limit)
            const [hello, ...rest] = envelopes
            accepted = server.core.accept(far, hello as HelloEnvelope, { envelopes: rest, payload }, bytes)
            for (const look of looks) look()
          },
        })
        socket.open()
        await platform.settle()
      },
      async lose() {
        for (const link of made.links) link.deaf = true
        made.links[0].abort()
        await platform.settle()
      },
    }
    return made
  }
  return {
    unlinked,
    // A page carries out at the end of a turn what its session has to do.
    async outcomeOf(promise) {
      await latest?.settle()
      return outcomeOf(promise)
    },
    async pair(options) {
      const made = unlinked(options)
      await made.link()
      expect(made.client.session.state).toBe('open')
      return made
    },
  }
}

const eventNames = [
  'open',
  'recovering',
  'recovered',
  'disconnected',
  'closing',
  'lost',
  'closed',
  'error',
  'unhandled',
] as const

function clientSide(options: SessionOptions, windowMessages: number): pairs.Side {
  const session = openSession('ws://page.example/', {
    ...(options as object),
    early: false,
    connectTimeoutMs: 1e9,
    reconnect: { nextDelayMs: () => 0 },
    window: { messages: windowMessages },
  }) as Session
  const core = {
    get ended() {
      return session.state === 'closed'
    },
  } as SessionCore
  return sideOf(session, core)
}

function serverSide(
  sid: string,
  options: SessionOptions,
  platform: pairs.TestPlatform,
  windowMessages: number,
): pairs.Side {
  const core: SessionCore = new SessionCore(
    {
      role: 'server',
      sid,
      key: 'the-key-of-the-session',
      idPrefix: 'server',
      window: { messages: windowMessages, bytes: defaults.windowBytes },
      maxBytes: defaults.maxBytes,
      keepaliveMs: defaults.keepaliveMs,
      ttlMs: defaults.ttlMs,
      welcomeTimeoutMs: defaults.helloTimeoutMs,
    },
    options,
    platform,
    {
      onLinkEnd() {},
      onState: (state) => made.states.push(state),
      onReleased() {
        made.released = true
      },
    },
  )
  const made = sideOf(new Session(core), core)
  return made
}

function sideOf(session: Session, core: SessionCore): pairs.Side {
  const side: pairs.Side = { core, session, log: [], states: [], released: false }
  for (const name of eventNames) if (name !== 'error') session.on(name, () => side.log.push(name))
  return side
}

export const restoreGlobals = () => vi.unstubAllGlobals()
