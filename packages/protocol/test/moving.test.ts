import { describe, expect, it } from 'vitest'
import { closeCodes } from '../src/codes.ts'
import type { Frame } from '../src/envelope.ts'
import { Pair } from './pair.ts'

/** A session on link 1, and a client that has started link 2 and polled its hello. */
function moving() {
  const pair = new Pair()
  pair.connect(1)
  pair.client.input({ type: 'link-start', link: 2 })
  pair.client.input({ type: 'link-open', link: 2 })
  const hello = pair.client.machine.pollFrameOf(2) as Frame
  return { pair, hello }
}

const ids = (outputs: Array<{ envelope: { id: string } }>) => outputs.map(({ envelope }) => envelope.id)

describe('a client that moves before it leaves', () => {
  it('goes on with the link that it has until welcome comes on the next one', () => {
    const { pair, hello } = moving()
    pair.client.send('a')
    pair.carry(1)
    expect(ids(pair.server.all('message'))).toEqual(['a'])
    pair.admit(2, hello)
    pair.client.send('b')
    for (const frame of pair.client.poll()) pair.server.receive(1, frame)
    expect(ids(pair.server.all('message'))).toEqual(['a'])
    pair.carry(2)
    expect(ids(pair.server.all('message'))).toEqual(['a', 'b'])
    expect(pair.client.all('link-close')).toMatchObject([{ link: 1, code: closeCodes.superseded }])
    expect(pair.client.all('detached')).toEqual([])
    expect(pair.client.all('attached').map(({ link }) => link)).toEqual([1, 2])
  })

  it('has lost nothing when the next link is lost', () => {
    const { pair } = moving()
    pair.client.endLink(2)
    expect(pair.client.machine.attached).toBe(true)
    expect(pair.client.machine.wantsLink).toBe(false)
    pair.client.send('a')
    pair.carry(1)
    expect(ids(pair.server.all('message'))).toEqual(['a'])
    expect(pair.client.wait(14_000)).toEqual([])
  })

  it('gives a next link up on which no welcome comes, and keeps the other', () => {
    const { pair } = moving()
    pair.client.wait(10_000)
    expect(pair.client.all('link-close')).toMatchObject([{ link: 2, code: closeCodes.helloTimeout }])
    expect(pair.client.machine.attached).toBe(true)
    expect(pair.client.all('detached')).toEqual([])
  })

  it('waits for the welcome of the next link when the one that it has is lost', () => {
    const { pair, hello } = moving()
    pair.cut(1)
    expect(pair.client.all('detached')).toMatchObject([{ link: 1 }])
    expect(pair.client.machine.wantsLink).toBe(false)
    pair.client.send('a')
    expect(pair.client.poll()).toEqual([])
    pair.admit(2, hello)
    pair.carry(2)
    expect(ids(pair.server.all('message'))).toEqual(['a'])
  })

  it('says hello on the next link, even if the one that it has is lost before that', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.client.input({ type: 'link-start', link: 2 })
    pair.cut(1)
    pair.admit(2, pair.client.machine.pollFrameOf(2) as Frame)
    pair.carry(2)
    expect(pair.client.machine.attached).toBe(true)
  })

  it('does not take it for a stranger when the server leaves the old link for its own next one', () => {
    for (const nextIsLost of [false, true]) {
      const { pair, hello } = moving()
      pair.admit(2, hello)
      if (nextIsLost) pair.client.endLink(2)
      pair.client.endLink(1, { code: closeCodes.superseded, clean: true })
      expect(pair.client.all('ended')).toEqual([])
      expect(pair.client.all('fault')).toEqual([])
      expect(pair.client.machine.wantsLink).toBe(nextIsLost)
    }
  })

  it('still ends when a stranger takes the session over', () => {
    const pair = new Pair()
    pair.connect(1)
    pair.client.endLink(1, { code: closeCodes.superseded, clean: true })
    expect(pair.client.all('ended')).toMatchObject([{ report: { code: 'superseded' } }])
  })

  it('stays where it is when the next server does not know the session', () => {
    const { pair } = moving()
    pair.client.receive(2, [{ t: 'reset', code: 'session-unknown', reason: 'who?' }])
    expect(pair.client.all('move-refused')).toMatchObject([
      { link: 2, code: 'session-unknown', reason: 'who?' },
    ])
    pair.client.send('a')
    pair.carry(1)
    expect(ids(pair.server.all('message'))).toEqual(['a'])
  })

  it('may have acknowledged more on the old link than the hello of the next one says', () => {
    const { pair, hello } = moving()
    pair.server.send('s')
    pair.carry(1)
    pair.client.input({ type: 'handled', seq: 1 })
    pair.carry(1)
    expect(pair.server.all('handled')).toHaveLength(1)
    pair.admit(2, hello)
    pair.carry(2)
    expect(pair.server.all('fault')).toEqual([])
    expect(pair.client.machine.attached).toBe(true)
  })

  it('leaves a link that it had started for a still newer one', () => {
    const { pair, hello } = moving()
    pair.client.input({ type: 'link-start', link: 3 })
    expect(pair.client.all('link-close')).toMatchObject([{ link: 2, code: closeCodes.superseded }])
    pair.admit(3, pair.client.machine.pollFrameOf(3) as Frame)
    pair.admit(4, hello)
    pair.carry(3)
    expect(pair.server.all('link-close').map(({ link }) => link)).toEqual([1, 4])
    expect(pair.client.machine.attached).toBe(true)
  })

  it('says on both links that it gives the session up', () => {
    const { pair, hello } = moving()
    pair.admit(2, hello)
    pair.client.input({ type: 'abort', code: 'aborted', reason: '' })
    const closed = pair.client.all('link-close')
    expect(closed.map(({ link }) => link)).toEqual([1, 2])
    pair.server.receive(2, closed[1]?.last as string)
    expect(pair.server.all('ended')).toMatchObject([{ report: { code: 'aborted', by: 'peer' } }])
  })

  it('ends clean on the old link, and needs the next one no more', () => {
    const { pair } = moving()
    pair.client.finish()
    pair.server.finish()
    pair.carry(1)
    const last = pair.server.all('link-close').at(-1)?.last
    if (last !== undefined) pair.client.receive(1, last)
    expect(pair.client.all('ended')).toMatchObject([{ report: { clean: true } }])
    pair.client.endLink(1, { code: closeCodes.normal, clean: true })
    expect(pair.client.all('released')).toHaveLength(1)
    expect(pair.client.all('link-close').map(({ link }) => link)).toEqual([1, 2])
  })

  it('ends clean on the next link when the old one takes the last acknowledgement with it', () => {
    const { pair, hello } = moving()
    pair.server.finish()
    for (const frame of pair.server.poll()) pair.client.receive(1, frame)
    pair.client.finish()
    for (const frame of pair.client.poll()) pair.server.receive(1, frame)
    expect(pair.server.all('ended')).toMatchObject([{ report: { clean: true } }])
    pair.cut(1)
    pair.admit(2, hello)
    pair.client.receive(2, pair.server.all('link-close').at(-1)?.last as Frame)
    expect(pair.client.all('ended')).toMatchObject([{ report: { clean: true } }])
    pair.client.endLink(2, { code: closeCodes.normal, clean: true })
    expect(pair.client.machine.wantsLink).toBe(false)
  })
})
