import type { Session } from '@lastword/sdk'
import { createAdapter } from '@lastword/server-adapter'
import type { ProxyConnection, ProxyDirection } from '@lastword/testkit'
import { within } from '../deadline.ts'
import type { Outcome, Player } from '../lanes.ts'
import { type Shape, type Side, shapes, sides } from '../part.ts'
import { createStage } from '../stage.ts'
import { Story } from '../story.ts'
import { checkConversation } from './check.ts'
import { answer, converse, nothingHeard } from './conversation.ts'
import type { CutRun, Lengths } from './plan.ts'

/** How a run went. */
export interface CutOutcome extends Outcome<CutRun> {
  /** How many links came to the byte after which they are cut. */
  cuts: number
  /** Connections that were made. */
  links: number
  ms: number
}

/** How long each wait of a run may take, on a machine that is busy with others. */
const waitMs = 20_000
/** Conversations of each shape that are measured: the length of a TLS signature varies by some bytes. */
const measuredRuns = 6

/** Plays conversations over wss, each through a proxy of its own that cuts its links. Prepared, it has measured them. */
export async function createCutPlayer(): Promise<Player<CutRun, CutOutcome, Lengths>> {
  const stage = await createStage()

  /** Plays one conversation. Rejects if anything about it is not as it must be. */
  async function converseOnce(
    shape: Shape,
    story: Story,
    onConnection: (connection: ProxyConnection) => void,
  ): Promise<void> {
    const heard = { client: nothingHeard(), server: nothingHeard() }
    const sessions: Session[] = []
    const adapter = createAdapter({ keepaliveMs: 5_000, ttlMs: 20_000, trace: story.teller('server') })
    adapter.onSession((session) => {
      sessions.push(session)
      answer(session, shape, heard.server)
    })
    const place = await stage.open(adapter, onConnection)
    const { session, done } = converse(
      place.url,
      shape,
      {
        tls: { ca: stage.ca },
        reconnect: { nextDelayMs: () => 1 },
        connectTimeoutMs: 5_000,
        welcomeTimeoutMs: 5_000,
        trace: story.teller('client'),
      },
      heard.client,
    )
    try {
      await within(waitMs, 'the client’s last step', done)
      await within(waitMs, 'a clean end on both sides', checkConversation(session, sessions, heard))
    } finally {
      session.abort()
      for (const one of sessions) one.abort()
      await place.close()
    }
  }

  return {
    async prepare() {
      const lengths: Lengths = { burst: { client: 0, server: 0 }, steps: { client: 0, server: 0 } }
      for (const shape of shapes) {
        for (let n = 0; n < measuredRuns; n++) {
          let first: ProxyConnection | undefined
          await converseOnce(shape, new Story(), (connection) => {
            first ??= connection
          })
          for (const side of sides) {
            const bytes = first === undefined ? 0 : directionOf(first, side).bytesForwarded
            lengths[shape][side] = Math.max(lengths[shape][side], bytes)
          }
        }
      }
      return lengths
    },

    async play(run) {
      const story = new Story()
      const startedAt = performance.now()
      let links = 0
      let cuts = 0
      let broken: string | undefined
      try {
        await converseOnce(run.shape, story, (connection) => {
          links += 1
          if (connection.index >= run.links) return
          directionOf(connection, run.side).at(run.at, () => {
            cuts += 1
            connection.cut(run.how)
          })
        })
      } catch (error) {
        broken = `${error instanceof Error ? error.message : String(error)}\n${story.lines()}`
      }
      return { run, cuts, links, ms: performance.now() - startedAt, ...(broken !== undefined && { broken }) }
    },
  }
}

function directionOf(connection: ProxyConnection, side: Side): ProxyDirection {
  return side === 'client' ? connection.toServer : connection.toClient
}
