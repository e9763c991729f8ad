import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describe, expect, it } from 'vitest'
import { CallLog } from '../demo/serve/call-log.ts'
import type { News } from '../demo/serve/news.ts'

/** A response that remembers what is written to it. */
class Stream extends EventEmitter {
  readonly news: News[] = []
  ended = false

  writeHead(): void {}

  write(text: string): void {
    this.news.push(JSON.parse(text.replace(/^data: /, '')))
  }

  end(): void {
    this.ended = true
    this.emit('close')
  }
}

const greeting: News = { type: 'server', peers: { available: true } }

function open(log: CallLog, tab: string): Stream {
  const stream = new Stream()
  log.stream(tab, stream as unknown as ServerResponse, greeting)
  return stream
}

describe('what the demo’s server tells its pages', () => {
  it('goes to the tab whose call it is, live', () => {
    const log = new CallLog()
    const mine = open(log, 'mine')
    const other = open(log, 'other')
    log.step('mine', 'call', 'bare', 'cut')
    log.ended('mine', 'call', 'bare', 3)
    expect(mine.news).toEqual([
      greeting,
      { type: 'step', call: 'call', stack: 'bare', step: 'cut' },
      { type: 'ended', call: 'call', stack: 'bare', handled: 3 },
    ])
    expect(other.news).toEqual([greeting])
  })

  it('says again to the page after a reload how calls ended, and keeps a bounded number of ends', () => {
    const log = new CallLog()
    for (let call = 0; call < 300; call++) log.ended('tab', `${call}`, 'lastword', 16)
    const [first, ...ends] = open(log, 'tab').news
    expect(first).toEqual(greeting)
    expect(ends).toHaveLength(200)
    expect(ends.at(-1)).toEqual({ type: 'ended', call: '299', stack: 'lastword', handled: 16 })
  })

  it('forgets the tab that was heard of longest ago, and ends its streams', () => {
    const log = new CallLog()
    const streams = Array.from({ length: 101 }, (_, tab) => open(log, `${tab}`))
    expect(streams.map(({ ended }) => ended)).toEqual([true, ...Array(100).fill(false)])
  })

  it('lets one tab hold a few streams only', () => {
    const log = new CallLog()
    const streams = Array.from({ length: 6 }, () => open(log, 'tab'))
    expect(streams.map(({ ended }) => ended)).toEqual([true, true, false, false, false, false])
  })
})
