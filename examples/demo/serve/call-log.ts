import type { ServerResponse } from 'node:http'
import type { News, StackId, Step } from './news.ts'

/** Tabs that are remembered; past it the one that was heard of longest ago is forgotten. */
const tabsMax = 100
/** Ends that are remembered for each tab, for the page that comes after a reload. */
const endsMax = 200
/** Streams that one tab may hold: one, and those of pages that are just going. */
const streamsMax = 4

interface Tab {
  streams: Set<ServerResponse>
  ends: News[]
}

/** Tells each tab what becomes of its calls, live; the ends also to a page that comes later. */
export class CallLog {
  readonly #tabs = new Map<string, Tab>()

  /** Goes on until the page or the server ends it. */
  stream(tabId: string, response: ServerResponse, greeting: News): void {
    const tab = this.#tab(tabId)
    if (tab.streams.size >= streamsMax) {
      const [oldest] = tab.streams
      oldest?.end()
    }
    tab.streams.add(response)
    response.on('close', () => tab.streams.delete(response))
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(eventOf(greeting))
    for (const news of tab.ends) response.write(eventOf(news))
  }

  step(tab: string, call: string, stack: StackId, step: Step): void {
    this.#tell(this.#tab(tab), { type: 'step', call, stack, step })
  }

  ended(tabId: string, call: string, stack: StackId, handled: number): void {
    const tab = this.#tab(tabId)
    const news: News = { type: 'ended', call, stack, handled }
    tab.ends.push(news)
    if (tab.ends.length > endsMax) tab.ends.shift()
    this.#tell(tab, news)
  }

  close(): void {
    for (const { streams } of this.#tabs.values()) for (const stream of streams) stream.end()
  }

  #tell(tab: Tab, news: News): void {
    for (const stream of tab.streams) stream.write(eventOf(news))
  }

  #tab(id: string): Tab {
    const tab = this.#tabs.get(id) ?? { streams: new Set(), ends: [] }
    this.#tabs.delete(id)
    this.#tabs.set(id, tab)
    if (this.#tabs.size > tabsMax) {
      const [[oldest, { streams }] = ['', tab]] = this.#tabs
      for (const stream of streams) stream.end()
      this.#tabs.delete(oldest)
    }
    return tab
  }
}

function eventOf(news: News): string {
  return `data: ${JSON.stringify(news)}\n\n`
}
