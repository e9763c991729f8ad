import { connect, type Session } from '@lastword/sdk'
import { createAdapter } from '@lastword/server-adapter'
import { within } from '../deadline.ts'
import type { Outcome, Player } from '../lanes.ts'
import { createStage } from '../stage.ts'
import { Story } from '../story.ts'
import { Crowd } from './crowd.ts'
import { type LeftTally, leavingLinks } from './leaving-links.ts'
import type { TakeoverRun } from './plan.ts'

export interface TakeoverOutcome extends Outcome<TakeoverRun>, LeftTally {
  /** What was in flight when a link was left, both sides together, summed over the links that were left. */
  inFlight: number
}

/** How long each wait of a run may take, on a machine that is busy with others. */
const waitMs = 30_000

/** Plays busy sessions over wss whose client leaves its link while it lives on. */
export async function createTakeoverPlayer(): Promise<Player<TakeoverRun, TakeoverOutcome, undefined>> {
  const stage = await createStage()

  async function play(run: TakeoverRun, story: Story, outcome: TakeoverOutcome): Promise<void> {
    const { seed, delaysMs, leaveAt, early } = run
    const links = leavingLinks(stage.ca)
    const crowds: Crowd[] = []
    const servers: Session[] = []
    const moments = [...leaveAt]
    let handled = 0
    const onHandled = () => {
      handled += 1
      if (moments[0] === undefined || handled < moments[0]) return
      // Where there is no open link at this moment, the next thing handled is as good.
      const inFlight = crowds.reduce((sum, crowd) => sum + crowd.inFlight, 0)
      if (!links.leave()) return
      moments.shift()
      outcome.inFlight += inFlight
    }
    const adapter = createAdapter({ trace: story.teller('server') })
    adapter.onSession((session) => {
      servers.push(session)
      crowds.push(new Crowd(session, run, seed + 1, onHandled))
    })
    const place = await stage.open(adapter, (connection) => {
      const delays = delaysMs[connection.index % delaysMs.length]
      connection.toServer.delayMs = delays?.toServer ?? 0
      connection.toClient.delayMs = delays?.toClient ?? 0
    })
    const client = connect(place.url, {
      openLink: links.openLink,
      early,
      reconnect: { nextDelayMs: () => 0 },
      trace: story.teller('client'),
    })
    const own = new Crowd(client, run, seed + 2, onHandled)
    crowds.push(own)
    try {
      await within(waitMs, 'everything of the client to be handled', own.done)
      const peer = crowds.find((crowd) => crowd !== own)
      await within(waitMs, 'everything of the server to be handled', peer?.done ?? noSession())
      const report = await within(waitMs, 'the client’s report', client.close())
      const serverReport = await within(waitMs, 'the server’s report', servers[0]?.closed ?? noSession())
      if (!report.clean || !serverReport.clean) {
        throw new Error(`the reports are not clean: ${JSON.stringify([report, serverReport])}`)
      }
      if (servers.length > 1) throw new Error(`the server has made ${servers.length} sessions of one`)
      for (const crowd of crowds) checkOrder(crowd.heard, run.messages + run.requests)
    } finally {
      Object.assign(outcome, links.tally)
      client.abort()
      for (const one of servers) one.abort()
      await place.close()
    }
  }

  return {
    prepare: async () => undefined,
    async play(run) {
      const story = new Story()
      const outcome: TakeoverOutcome = { run, inFlight: 0, left: 0, framesAfter: 0, superseded: 0 }
      try {
        await play(run, story, outcome)
      } catch (error) {
        outcome.broken = `${error instanceof Error ? error.message : String(error)}\n${story.lines()}`
      }
      return outcome
    },
  }
}

async function noSession(): Promise<never> {
  throw new Error('the server has no session')
}

function checkOrder(heard: readonly number[], count: number): void {
  const wrong = heard.findIndex((number, place) => number !== place)
  if (wrong >= 0) throw new Error(`number ${heard[wrong]} was given out at place ${wrong}`)
  if (heard.length !== count) throw new Error(`${heard.length} were given out, and ${count} sent`)
}
