import { paths, type StackId } from '../serve/news.ts'
import { type Situation, statisticsCount } from '../serve/situations.ts'
import { bareCall } from './bare-call.ts'
import { type CallPlan, callMs, type PlayedCall } from './call-plan.ts'
import { lastwordCall } from './lastword-call.ts'
import type { NewsStream } from './news-stream.ts'
import { PagePeer } from './page-peer.ts'
import type { Outcome, Score } from './score.ts'
import { rememberCall, takeRememberedCall } from './tab.ts'

export const stacks: readonly StackId[] = ['bare', 'lastword']

/** What became of a call over each stack; nothing where the server has not said how it ended. */
export type Outcomes = Record<StackId, Outcome | undefined>

/** What the page's side of a call knows of it. */
export type PageSide = Omit<Outcome, 'handled'>

/** How long the server may take to say how its side ended, in ms: longer than it keeps a session without its page. */
const endMs = 15_000
const stepMs = 5_000

export interface CallViews {
  begin(call: string): void
  over(call: string, stack: StackId, side: PageSide, handled: number | undefined): void
}

/** Makes calls, over both stacks at the same time, and counts what became of them. */
export class Calls {
  readonly #tab: string
  readonly #news: NewsStream
  readonly #score: Score
  readonly #views: CallViews

  constructor(tab: string, news: NewsStream, score: Score, views: CallViews) {
    this.#tab = tab
    this.#news = news
    this.#score = score
    this.#views = views
  }

  /** Makes one call. Does not resolve where the situation reloads the page: `afterReload` goes on with it. */
  async make(situation: Situation): Promise<Outcomes> {
    const call = crypto.randomUUID()
    const peers = await Promise.all(stacks.map(() => PagePeer.make()))
    this.#views.begin(call)
    const together = new Barrier(stacks.length)
    const sides: Record<StackId, PageSide> = {
      bare: { answered: false, connected: false, sent: statisticsCount },
      lastword: { answered: false, connected: false, sent: statisticsCount },
    }
    const plan = (stack: StackId, peer: PagePeer | undefined): CallPlan => ({
      url: this.#address(stack, call, situation),
      situation,
      offer: peer?.offer ?? '',
      connected: () => (situation.id === 'block' ? together.pass() : resolved),
      cut: () => this.#news.step(call, stack, 'cut', stepMs),
      answered: async (answer) => {
        sides[stack].answered = true
        sides[stack].connected = (await peer?.connects(answer)) === true
      },
    })
    const played: Record<StackId, PlayedCall> = {
      bare: bareCall(plan('bare', peers[0])),
      lastword: lastwordCall(plan('lastword', peers[1])),
    }
    if (situation.id === 'reload') {
      await Promise.race([
        Promise.all(stacks.map((stack) => played[stack].leaving)),
        Promise.all(stacks.map((stack) => played[stack].over)),
      ])
      rememberCall({ call, sides })
      location.reload()
      return new Promise(() => {})
    }
    const outcomes = await this.#settle(call, sides, (stack) => played[stack].over)
    for (const peer of peers) peer.close()
    return outcomes
  }

  /** Counts the call that the page before this one made right before it was reloaded, if it did. */
  async afterReload(): Promise<Outcomes | undefined> {
    const remembered = takeRememberedCall()
    if (remembered === undefined) return undefined
    return this.#settle(remembered.call, remembered.sides, () => resolved)
  }

  async #settle(
    call: string,
    sides: Record<StackId, PageSide>,
    pageIsDone: (stack: StackId) => Promise<void>,
  ): Promise<Outcomes> {
    const [bare, withLastword] = await Promise.all(
      stacks.map(async (stack) => {
        await pageIsDone(stack)
        const handled = await this.#news.handled(call, stack, endMs)
        this.#views.over(call, stack, sides[stack], handled)
        if (handled === undefined) return undefined
        const outcome = { ...sides[stack], handled }
        this.#score.add(stack, outcome)
        return outcome
      }),
    )
    return { bare, lastword: withLastword }
  }

  #address(stack: StackId, call: string, { id }: Situation): string {
    const url = new URL(paths[stack], location.href)
    url.protocol = 'wss:'
    url.search = new URLSearchParams({ tab: this.#tab, call, situation: id }).toString()
    return url.href
  }
}

const resolved = Promise.resolve()

/** Lets all pass once all have come, or when it has taken as long as a call may. */
class Barrier {
  readonly #open: Promise<void>
  #missing: number
  #let: () => void = () => {}

  constructor(count: number) {
    this.#missing = count
    this.#open = new Promise((resolve) => {
      this.#let = resolve
      setTimeout(resolve, callMs / 2)
    })
  }

  pass(): Promise<void> {
    this.#missing--
    if (this.#missing === 0) this.#let()
    return this.#open
  }
}
