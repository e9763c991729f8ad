import { defaults, encodeMessage, limits } from '@lastword/protocol'
import { backoff, connect, type NodeConnectOptions, type Session } from '@lastword/sdk'
import { createNodeLink } from '@lastword/transport'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { ScriptedLink } from '../../sdk/test/scripted-links.ts'
import { type AdapterOptions, createAdapter } from '../src/index.ts'
import { hello } from './by-hand.ts'
import { atTheEnd } from './harness.ts'
import { heardIn, request, roundBody } from './memory-post.ts'
import { arriveAt, MemorySocket, settled } from './memory-socket.ts'

beforeEach(() => {
  // `setImmediate` stays real: what is ready to happen still happens by itself.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] })
})

afterEach(() => {
  vi.useRealTimers()
})

/** What holds where an option is left out, at the default and one past it. Every probe begins anew. */
const probes: Record<keyof typeof defaults, () => Promise<void>> = {
  async windowMessages() {
    const flood = async (count: number) => {
      const { client } = await welcomed()
      for (let seq = 1; seq <= count; seq++) client.say({ t: 'msg', seq, id: `m${seq}`, ch: 'kept' })
      await settled()
      return client.heard.at(-1)
    }
    expect(await flood(defaults.windowMessages)).toMatchObject({ t: 'welcome' })
    expect(await flood(defaults.windowMessages + 1)).toMatchObject({ t: 'reset', code: 'window-exceeded' })
  },

  async windowBytes() {
    const large = defaults.maxBytes + limits.frameOverheadBytes
    const frames = defaults.windowBytes / defaults.maxBytes
    const flood = async (lastBytes: number) => {
      const { client } = await welcomed()
      for (let seq = 1; seq <= frames; seq++) client.arrive(frameOf(large, seq))
      client.arrive(frameOf(lastBytes, frames + 1))
      await settled()
      return client.heard.at(-1)
    }
    expect(await flood(limits.frameOverheadBytes)).toMatchObject({ t: 'welcome' })
    expect(await flood(limits.frameOverheadBytes + 1)).toMatchObject({ t: 'reset', code: 'window-exceeded' })
  },

  async maxBytes() {
    const receive = async (bytes: number) => {
      const { client } = await welcomed()
      client.arrive(frameOf(bytes, 1))
      await settled()
      return client.closed?.code
    }
    expect(await receive(defaults.maxBytes + limits.frameOverheadBytes)).toBeUndefined()
    expect(await receive(defaults.maxBytes + limits.frameOverheadBytes + 1)).toBe(4413)
    // What a client takes that does not say how much.
    const send = async (bytes: number) => {
      const { session } = await welcomed({ maxBytes: undefined })
      const told: unknown[] = []
      session.send('n', textOf(bytes), { id: 'm1' }).catch((error) => told.push(error))
      await settled()
      return told
    }
    expect(await send(defaults.maxBytes)).toEqual([])
    expect(await send(defaults.maxBytes + 1)).toMatchObject([{ code: 'payload-too-large' }])
  },

  async queuedBytesMax() {
    const queue = async (bytes: number) => {
      const { session } = client()
      const told: unknown[] = []
      const half = defaults.queuedBytesMax / 2
      session.send('n', textOf(half), { id: 'm1' }).catch(() => {})
      session.send('n', textOf(bytes - half), { id: 'm2' }).catch((error) => told.push(error))
      await settled()
      return told
    }
    expect(await queue(defaults.queuedBytesMax)).toEqual([])
    expect(await queue(defaults.queuedBytesMax + 1)).toMatchObject([{ code: 'queue-full' }])
  },

  async ttlMs() {
    const { client, session } = await welcomed()
    expect(client.heard[0]).toMatchObject({ ttl: defaults.ttlMs })
    client.leave()
    await settled()
    await pass(defaults.ttlMs - 1)
    expect(session.state).toBe('recovering')
    await pass(1)
    expect(session.state).toBe('closed')
    expect(await session.closed).toMatchObject({ code: 'expired' })
  },

  async keepaliveMs() {
    const { client } = await welcomed()
    expect(client.heard[0]).toMatchObject({ keepalive: defaults.keepaliveMs })
    await pass(defaults.keepaliveMs - 1)
    expect(client.heard).toHaveLength(1)
    await pass(1)
    expect(client.heard.at(-1)).toMatchObject({ t: 'ping' })
    await pass(defaults.keepaliveMs - 1)
    expect(client.closed).toBeUndefined()
    await pass(1)
    expect(client.closed).toMatchObject({ code: 4408 })
  },

  async helloTimeoutMs() {
    const silent = arriveAt(createAdapter())
    await pass(defaults.helloTimeoutMs - 1)
    expect(silent.closed).toBeUndefined()
    await pass(1)
    expect(silent.closed).toMatchObject({ code: 4404 })
    // And a server that does not say welcome.
    const { links } = client()
    await settled()
    links[0]?.open()
    await settled()
    await pass(defaults.helloTimeoutMs - 1)
    expect(links[0]?.closedWith).toBeUndefined()
    await pass(1)
    expect(links[0]?.closedWith).toBe(4404)
  },

  async connectTimeoutMs() {
    const { links } = client()
    await settled()
    expect(links[0]?.options.connectTimeoutMs).toBe(defaults.connectTimeoutMs)
    const connecting = new MemorySocket()
    connecting.readyState = connecting.CONNECTING
    const ended: unknown[] = []
    const link = createNodeLink(connecting)
    link.attach({ onOpen() {}, onFrame() {}, onDrain() {}, onEnd: (end) => ended.push(end) })
    await pass(defaults.connectTimeoutMs - 1)
    expect(ended).toEqual([])
    await pass(1)
    expect(ended).toMatchObject([{ opened: false, failure: 'unreachable' }])
  },

  async lingerMs() {
    const socket = new DeafSocket()
    const ended: unknown[] = []
    const link = createNodeLink(socket)
    link.attach({ onOpen() {}, onFrame() {}, onDrain() {}, onEnd: (end) => ended.push(end) })
    await settled()
    void link.close(1000, '')
    await pass(defaults.lingerMs - 1)
    expect(ended).toEqual([])
    await pass(1)
    expect(ended).toMatchObject([{ forced: true }])
  },

  async closeTimeoutMs() {
    const { session, links } = client()
    await settled()
    links[0]?.welcome({ keepalive: limits.timerMsMax })
    session.send('never-handled').catch(() => {})
    await settled()
    void session.close()
    await pass(defaults.closeTimeoutMs - 1)
    expect(session.state).toBe('closing')
    await pass(1)
    expect(session.state).toBe('closed')
    expect(await session.closed).toMatchObject({ code: 'close-timeout', by: 'local' })
  },

  async roundMs() {
    // One that pings would have something to say before that.
    const adapter = createAdapter({ keepaliveMs: limits.timerMsMax })
    request(adapter, '?lastword=poll', roundBody(0, [JSON.stringify([hello()])]))
    await settled()
    const first = request(adapter, '?lastword=poll', roundBody(1))
    await settled()
    expect(heardIn(first.body)).toMatchObject([{ t: 'welcome' }])
    const round = request(adapter, '?lastword=poll', roundBody(2))
    await settled()
    await pass(defaults.roundMs - 1)
    expect(round.status).toBeUndefined()
    await pass(1)
    expect(round.status).toBe(200)
  },

  async roundGapMs() {
    // A link that has said hello: one that has not would be closed for that.
    const adapter = createAdapter()
    request(adapter, '?lastword=poll', roundBody(0, [JSON.stringify([hello()])]))
    await settled()
    expect(adapter.stats().links).toBe(1)
    await pass(defaults.roundGapMs - 1)
    expect(adapter.stats().links).toBe(1)
    await pass(1)
    expect(adapter.stats().links).toBe(0)
  },

  async reconnectMinMs() {
    expect(longestDelay(1)).toBe(defaults.reconnectMinMs)
    expect(longestDelay(2)).toBe(2 * defaults.reconnectMinMs)
  },

  async reconnectMaxMs() {
    for (const attempt of [8, 30, 31, 1000]) expect(longestDelay(attempt)).toBe(defaults.reconnectMaxMs)
    expect(longestDelay(7)).toBeLessThan(defaults.reconnectMaxMs)
  },
}

test('there is a probe for each default, and for nothing else', () => {
  expect(Object.keys(probes)).toEqual(Object.keys(defaults))
})

test.each(Object.entries(probes))('%s holds where nothing else is asked for, and not one more', (_, probe) =>
  probe(),
)

async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms)
  await settled()
}

/** A client that was let in by an adapter, whose session handles nothing. */
async function welcomed(changes: Record<string, unknown> = {}, options: AdapterOptions = {}) {
  const adapter = createAdapter(options)
  const sessions: Session[] = []
  adapter.onSession((one) => {
    sessions.push(one)
    atTheEnd(() => one.abort())
  })
  const socket = arriveAt(adapter)
  socket.say(hello({ window: { messages: 1024, bytes: 1 << 24 }, ...changes }))
  await settled()
  return { client: socket, session: sessions[0] as Session }
}

/** A client's session whose links do what a test says. */
function client(options: NodeConnectOptions = {}) {
  const links: ScriptedLink[] = []
  const session = connect('ws://localhost:1/', {
    ...options,
    openLink(url, linkOptions) {
      const link = new ScriptedLink(url, linkOptions)
      links.push(link)
      return link
    },
  })
  atTheEnd(() => session.abort())
  return { session, links }
}

/** A text that makes a message, named `n` with an id of two characters, so many bytes long. */
function textOf(bytes: number): string {
  return 'x'.repeat(bytes - encodeMessage('m1', { name: 'n', text: '""' }, undefined).bytes)
}

/** A text frame of so many bytes, with one message. */
function frameOf(bytes: number, seq: number): string {
  const around = JSON.stringify([{ t: 'msg', seq, id: `m${seq}`, ch: 'kept', d: '' }])
  return around.replace('"d":""', `"d":"${'x'.repeat(bytes - around.length)}"`)
}

function longestDelay(attempt: number): number | null {
  const policy = backoff({ random: () => 1 })
  const nothing = { downMs: 0, error: undefined, welcomed: true, silentLinks: 0, untried: false }
  return policy.nextDelayMs({ attempt, ...nothing })
}

/** One whose peer never answers a close. */
class DeafSocket extends MemorySocket {
  override close(): void {
    this.readyState = this.CLOSING
  }
}
