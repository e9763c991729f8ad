import { afterEach, describe, expect, test, vi } from 'vitest'
import { platform } from '../src/index.ts'
import { type Pair, type PairOptions, pair } from './pair.ts'

interface Steps extends Pair {
  /** Lets everything happen that needs neither the end of a callback nor that of a turn. */
  rest(): Promise<void>
  endCallback(): Promise<void>
  endTurn(): Promise<void>
  /** What the server has sent since the last look. */
  said(): string[]
}

/** A pair on a platform that can tell the end of a callback from the end of a turn. */
async function steps(options?: PairOptions): Promise<Steps> {
  const made = await pair(options)
  made.server.session.handle('echo', (payload) => payload)
  made.server.session.handle('take', () => {})
  const soon: Array<() => void> = []
  const turns: Array<() => void> = []
  Object.assign(made.platform, {
    endOfCallback: (callback: () => void) => void soon.push(callback),
    endOfTurn: (callback: () => void) => void turns.push(callback),
  })
  const rest = () => new Promise<void>((resolve) => setImmediate(resolve))
  const runAll = async (callbacks: Array<() => void>) => {
    for (const callback of callbacks.splice(0)) {
      callback()
      await rest()
    }
  }
  made.links[1].sent.length = 0
  return Object.assign(made, {
    rest,
    endCallback: () => runAll(soon),
    endTurn: () => runAll(turns),
    said: () => made.links[1].sent.splice(0).map(String),
  })
}

describe('what a frame brought about', () => {
  test('leaves when the callback that brought the frame ends, if it is a reply', async () => {
    const { client, endCallback, endTurn, said } = await steps()
    const reply = client.session.request('echo', 'me')
    await endTurn()
    expect(said()).toEqual([])
    await endCallback()
    expect(said()).toEqual([expect.stringMatching(/"ack".*"me"/)])
    expect(await reply).toBe('me')
    await endTurn()
    expect(said()).toEqual([])
  })

  test('waits for the end of the turn if it is an acknowledgement alone', async () => {
    const { client, endCallback, endTurn, said } = await steps()
    const handled = client.session.send('take', 1)
    await endTurn()
    await endCallback()
    expect(said()).toEqual([])
    await endTurn()
    expect(said()).toEqual(['[{"t":"ack","n":1}]'])
    await endCallback()
    await handled
  })

  test('does not, if that is of an eighth of the messages that the peer may have under way', async () => {
    const { client, endCallback, endTurn, said } = await steps({ windowMessages: 1024 })
    const handled = Array.from({ length: 127 }, () => client.session.send('take', 1))
    await endTurn()
    await endCallback()
    expect(said()).toEqual([])
    handled.push(client.session.send('take', 1))
    await endTurn()
    // The turn that has ended was that of both.
    expect(said()).toEqual(['[{"t":"ack","n":127}]'])
    const more = Array.from({ length: 128 }, () => client.session.send('take', 1))
    await endTurn()
    said()
    await endCallback()
    expect(said().join()).toMatch(/"n":25[56]/)
    await endTurn()
    await endCallback()
    await Promise.all([...handled, ...more])
  })

  test('waits for the end of the turn once the peer has closed, for this side says its own last then', async () => {
    const { client, endCallback, endTurn, said } = await steps()
    void client.session.close()
    await endTurn()
    const frames: string[] = []
    for (let step = 0; step < 5 && frames.length === 0; step++) {
      await endCallback()
      expect(said()).toEqual([])
      await endTurn()
      frames.push(...said())
    }
    expect(frames[0]).toMatch(/"ack".*"fin"/)
  })
})

test('the end of a callback comes behind all promises that follow from it, and before anything else', async () => {
  const log: string[] = []
  await new Promise<void>((resolve) => {
    setImmediate(() => {
      log.push('the next callback')
      resolve()
    })
    platform.endOfCallback?.(() => log.push('the end'))
    let chain = Promise.resolve()
    for (let link = 1; link <= 20; link++) {
      chain = chain.then(() => void (link === 20 && log.push('the last promise')))
    }
  })
  expect(log.slice(-3)).toEqual(['the last promise', 'the end', 'the next callback'])
})

describe('in a page whose bundle brings a process and a Buffer', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })

  test('nothing waits for the ticks of that, which are timers, and texts stay texts', async () => {
    vi.stubGlobal('process', Object.create(process, { versions: { value: {} } }))
    vi.resetModules()
    const page = await import('../src/platform.ts')
    const { keptText } = await import('../src/long-text.ts')
    expect(page.platform.endOfCallback).toBeUndefined()
    const text = 'x'.repeat(100_000)
    expect(keptText(text, text.length)).toBe(text)
  })
})
