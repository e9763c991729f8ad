import { describe, expect, it } from 'vitest'
import type { Frame, HelloEnvelope } from '../../src/envelope.ts'
import type { SessionMachine } from '../../src/session-machine.ts'
import { config, Pair, Subject } from '../pair.ts'
import { frameBytes, readFrame } from '../sim/endpoint.ts'
import { ClientAsSessionMachine } from './as-session-machine.ts'

/** A page's client, and a server of both roles' machine. */
class Page {
  readonly machine = new ClientAsSessionMachine<string>(config('client'))
  readonly pair = new Pair(
    {},
    {},
    new Subject('client', {}, this.machine as unknown as SessionMachine<string>),
  )

  get client(): Subject {
    return this.pair.client
  }

  get server(): Subject {
    return this.pair.server
  }

  leave(bytesMax = 60_000, gone = false): Frame[] {
    const frames = this.machine.client.lastWords(bytesMax, undefined, gone)
    this.client.outputs.push(...this.machine.takeOutputs())
    return frames
  }

  /** The one-shot link brings all of it to the server. */
  post(link: number, frames: Frame[]): void {
    const [first, ...more] = frames
    this.pair.admit(link, first as Frame)
    for (const frame of more) this.server.receive(link, frame)
  }

  get received(): string[] {
    return this.server.all('message').map(({ envelope }) => envelope.id)
  }
}

function envelopes(frames: Frame[]) {
  return frames.flatMap((frame) => readFrame(frame).envelopes)
}

describe('the last words of a page', () => {
  it('are nothing where the server has everything', () => {
    const page = new Page()
    page.pair.connect(1)
    expect(page.leave()).toEqual([])
    expect(page.client.all('detached')).toHaveLength(1)
    expect(page.client.machine.wantsLink).toBe(true)
  })

  it('are a hello and all messages before the first link opened', () => {
    const page = new Page()
    page.client.send('a')
    page.client.send('b', { payload: new Uint8Array([1, 2]) })
    page.client.send('c')
    page.post(1, page.leave())
    expect(page.received).toEqual(['a', 'b', 'c'])
    expect(envelopes(page.leave()).map(({ t }) => t)).toEqual(['hello', 'msg', 'msg', 'msg'])
  })

  it('are what is not acknowledged, in order (R-144), and are dropped where they have arrived', () => {
    const page = new Page()
    page.pair.connect(1)
    page.client.send('a')
    page.pair.carry(1)
    page.client.send('b')
    page.server.receive(1, page.client.poll()[0] as Frame)
    page.client.send('c')
    const frames = page.leave()
    expect((envelopes(frames)[0] as HelloEnvelope).fresh).toBe(false)
    expect(envelopes(frames).filter(({ t }) => t === 'msg')).toMatchObject([
      { seq: 1 },
      { seq: 2 },
      { seq: 3 },
    ])
    page.post(2, frames)
    expect(page.received).toEqual(['a', 'b', 'c'])
  })

  it('are at most as long as is asked for, the oldest first, and the rest goes when the page is restored', () => {
    const page = new Page()
    page.pair.connect(1)
    for (let i = 0; i < 20; i++) page.client.send(`m-${i}`, { text: JSON.stringify('x'.repeat(10_000)) })
    const frames = page.leave()
    const bytes = frames.reduce((sum, frame) => sum + frameBytes(frame), 0)
    expect(bytes).toBeLessThanOrEqual(60_000)
    page.post(2, frames)
    expect(page.received).toEqual(['m-0', 'm-1', 'm-2', 'm-3', 'm-4'])
    page.pair.connect(3)
    expect(page.received).toEqual(Array.from({ length: 20 }, (_, i) => `m-${i}`))
  })

  it('say an acknowledgement that was due, and the end that both have reached', () => {
    const page = new Page()
    page.pair.connect(1)
    page.server.send('s')
    page.server.finish()
    page.pair.carry(1)
    page.client.finish()
    page.client.input({ type: 'handled', seq: 1 })
    page.post(2, page.leave())
    expect(page.server.all('ended')).toMatchObject([{ report: { clean: true } }])
  })

  it('say that the page is gone for good only where it has closed', () => {
    const page = new Page()
    page.pair.connect(1)
    page.client.send('a')
    expect(envelopes(page.leave(60_000, true))[0]).not.toHaveProperty('gone')
    page.client.finish()
    expect(envelopes(page.leave(60_000, false))[0]).not.toHaveProperty('gone')
    expect(envelopes(page.leave(60_000, true))[0]).toHaveProperty('gone', true)
  })

  it('say that it is gone although the server has everything: it would wait for nothing', () => {
    const page = new Page()
    page.pair.connect(1)
    page.client.finish()
    page.pair.carry(1)
    page.server.finish()
    expect(page.leave()).toEqual([])
    page.post(2, page.leave(60_000, true))
    expect(page.server.all('ended')).toMatchObject([{ report: { clean: true } }])
  })

  it('are said again by a page that has ended and does not know whether its last word was heard', () => {
    const page = new Page()
    page.pair.connect(1)
    page.client.finish()
    page.pair.carry(1)
    page.server.finish()
    page.pair.carry(1)
    expect(page.client.machine.ended).toBe(true)
    expect(page.server.machine.ended).toBe(false)
    const frames = page.leave()
    expect(envelopes(frames).map(({ t }) => t)).toEqual(['hello', 'ack'])
    page.post(2, frames)
    expect(page.server.all('ended')).toMatchObject([{ report: { clean: true } }])
  })
})

describe('a timer of a page that comes late', () => {
  const silent = () => {
    const page = new Page()
    page.pair.connect(1)
    page.client.wait(15_000)
    expect(page.client.pollEnvelopes()).toMatchObject([{ t: 'ping' }])
    return page.client
  }

  it('asks once more before the link is taken for dead, since the page may have been frozen', () => {
    const client = silent()
    client.wait(60_000)
    expect(client.all('link-close')).toEqual([])
    expect(client.pollEnvelopes()).toMatchObject([{ t: 'ping' }])
    client.wait(15_000)
    expect(client.all('link-close')).toMatchObject([{ code: 4408 }])
  })

  it('takes it for dead the second time, however late that is', () => {
    const client = silent()
    client.wait(60_000)
    client.wait(60_000)
    expect(client.all('link-close')).toMatchObject([{ code: 4408 }])
  })

  it('takes it for dead at once when it is in time', () => {
    const client = silent()
    client.wait(15_000)
    expect(client.all('link-close')).toMatchObject([{ code: 4408 }])
  })

  it('is content with an answer that comes after all', () => {
    const client = silent()
    client.wait(60_000)
    client.receive(1, [{ t: 'pong', k: 2 }])
    client.wait(15_000)
    expect(client.all('link-close')).toEqual([])
  })
})

it('a page that is told that the network is there again asks whether the server is', () => {
  const page = new Page()
  page.machine.client.probe(0)
  expect(page.machine.nextTimeout()).toBe(Number.POSITIVE_INFINITY)
  page.pair.connect(1)
  page.machine.client.probe(1_000)
  expect(page.client.pollEnvelopes()).toMatchObject([{ t: 'ping' }])
  page.client.now = 1_000
  page.client.wait(15_000)
  expect(page.client.all('link-close')).toMatchObject([{ code: 4408 }])
})
