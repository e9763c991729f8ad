import { describe, expect, it } from 'vitest'
import type { Envelope } from '../src/envelope.ts'
import { limits } from '../src/limits.ts'
import { Pair } from './pair.ts'

/** The client's last link says that it will not come back, and this behind it. It is over at once. */
function leave(pair: Pair, link: number, envelopes: Envelope[], hello: object = {}): void {
  const { sid } = pair.client.machine
  const first = {
    ...{ t: 'hello', v: limits.version, sid, key: 'key-of-the-session', link, fresh: false },
    ...{ got: pair.client.machine.got, window: { messages: 1024, bytes: 4194304 }, gone: true, ...hello },
  }
  pair.admit(link, JSON.stringify([first, ...envelopes]))
  const refused = pair.server.all('link-close').some((close) => close.link === link)
  // What the server says there is not heard.
  if (!refused) pair.server.poll()
  pair.server.endLink(link)
}

/** A session that is open, and whose link is lost. */
function opened(): Pair {
  const pair = new Pair()
  pair.connect(1)
  return pair
}

describe('R-146: a client that has gone', () => {
  it('ends cleanly when the server closes, and has nothing else to say', () => {
    const pair = opened()
    leave(pair, 2, [{ t: 'fin', seq: 1 }])
    expect(pair.server.all('ended')).toEqual([])
    pair.server.finish()
    expect(pair.server.all('ended')).toMatchObject([
      { report: { clean: true, code: 'finished', by: 'both' } },
    ])
  })

  it('ends cleanly at once when the server has closed before', () => {
    const pair = opened()
    pair.server.finish()
    leave(pair, 2, [{ t: 'fin', seq: 1 }])
    expect(pair.server.all('ended')).toMatchObject([{ report: { clean: true } }])
  })

  it('may have said fin on a link before', () => {
    const pair = opened()
    pair.client.finish()
    pair.carry(1)
    leave(pair, 2, [])
    pair.server.finish()
    expect(pair.server.all('ended')).toMatchObject([{ report: { clean: true } }])
  })

  it('ends cleanly only when everything is handled here', () => {
    const pair = opened()
    leave(pair, 2, [
      { t: 'msg', seq: 1, id: 'a' },
      { t: 'fin', seq: 2 },
    ])
    pair.server.finish()
    expect(pair.server.all('ended')).toEqual([])
    pair.server.input({ type: 'handled', seq: 1 })
    expect(pair.server.all('ended')).toMatchObject([
      { report: { clean: true, incoming: { handledTotal: 1 } } },
    ])
  })

  it('ends cleanly only when it has acknowledged everything of the server', () => {
    const pair = opened()
    pair.server.send('s')
    pair.carry(1)
    leave(pair, 2, [{ t: 'fin', seq: 1 }])
    pair.server.input({ type: 'fin' })
    expect(pair.server.all('ended')).toEqual([])
    pair.server.wait(60_000)
    expect(pair.server.all('ended')).toMatchObject([
      { report: { clean: false, code: 'expired', received: ['s'] } },
    ])
  })

  it('is owed what is sent to it after it has gone: that ends as not sent', () => {
    const pair = opened()
    leave(pair, 2, [{ t: 'fin', seq: 1 }])
    const late = pair.server.send('late')
    pair.server.finish()
    expect(pair.server.all('ended')).toEqual([])
    pair.server.input({ type: 'drop', message: late })
    expect(pair.server.all('ended')).toMatchObject([{ report: { clean: true } }])
  })

  it('is waited for as ever when its fin has not come', () => {
    const pair = opened()
    leave(pair, 2, [])
    pair.server.input({ type: 'fin' })
    pair.server.wait(60_000)
    expect(pair.server.all('ended')).toMatchObject([{ report: { clean: false, code: 'expired' } }])
  })

  it('has not gone when it says so on a link that came too late', () => {
    const pair = opened()
    pair.connect(3)
    pair.client.finish()
    pair.carry(3)
    leave(pair, 2, [])
    pair.server.finish()
    expect(pair.server.all('ended')).toEqual([])
    expect(pair.server.pollEnvelopes()).toMatchObject([{ t: 'fin' }])
  })

  it('is there again when its next link does not say so', () => {
    const pair = opened()
    leave(pair, 2, [{ t: 'fin', seq: 1 }])
    leave(pair, 3, [], { gone: undefined })
    pair.server.finish()
    expect(pair.server.all('ended')).toEqual([])
  })

  it('is told the end with the last fin if it comes back all the same', () => {
    const pair = opened()
    pair.client.finish()
    pair.carry(1)
    leave(pair, 2, [])
    pair.server.finish()
    expect(pair.server.all('ended')).toMatchObject([{ report: { clean: true } }])
    pair.client.endLink(1)
    pair.client.input({ type: 'link-start', link: 2 })
    pair.client.endLink(2)
    pair.client.input({ type: 'link-start', link: 3 })
    pair.client.input({ type: 'link-open', link: 3 })
    pair.admit(3, pair.client.machine.pollFrameOf(3) as string)
    const [close] = pair.server.all('link-close').filter(({ link }) => link === 3)
    expect(close).toMatchObject({ code: 1000 })
    pair.client.receive(3, close?.last as string)
    expect(pair.client.all('ended')).toMatchObject([{ report: { clean: true } }])
  })
})
