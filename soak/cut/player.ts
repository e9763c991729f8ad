import { createServer } from 'node:https'
import type { Session } from '@lastword/sdk'
import { createAdapter } from '@lastword/server-adapter'
import {
  certificate,
  createProxy,
  listen,
  type ProxyConnection,
  type ProxyDirection,
} from '@lastword/testkit'
import { WebSocketServer } from 'ws'
import { within } from '../deadline.ts'
import { type Shape, type Side, shapes, sides } from '../part.ts'
import { Story } from '../story.ts'
import { checkConversation } from './check.ts'
import { answer, converse, nothingHeard } from './conversation.ts'
import type { CutOutcome } from './messages.ts'
import type { CutRun, Lengths } from './plan.ts'

/** Plays conversations over wss, each through a proxy of its own that cuts its links. */
export interface Player {
  measure(): Promise<Lengths>
  play(run: CutRun): Promise<CutOutcome>
}

/** How long each wait of a run may take, on a machine that is busy with others. */
const waitMs = 30_000
/** Conversations of each shape that are measured: the length of a TLS signature varies by some bytes. */
const measuredRuns = 6

export async function createPlayer(): Promise<Player> {
  const { key, cert } = await certificate()
  const servers = new Map<string, WebSocketServer>()
  const https = createServer({ key, cert })
  https.on('upgrade', (request, socket, head) => {
    const server = servers.get(request.url ?? '')
    // A link that comes when its run is over.
    if (server === undefined) return socket.destroy()
    server.handleUpgrade(request, socket, head, (webSocket) => server.emit('connection', webSocket, request))
  })
  const port = await listen(https)
  let count = 0

  /** Plays one conversation. Rejects if anything about it is not as it must be. */
  async function play(
    shape: Shape,
    story: Story,
    onConnection: (connection: ProxyConnection) => void,
  ): Promise<void> {
    count += 1
    const path = `/run-${count}`
    const heard = { client: nothingHeard(), server: nothingHeard() }
    const sessions: Session[] = []
    const adapter = createAdapter({ keepaliveMs: 5_000, ttlMs: 20_000, trace: story.teller('server') })
    adapter.onSession((session) => {
      sessions.push(session)
      answer(session, shape, heard.server)
    })
    const server = new WebSocketServer({ noServer: true, handleProtocols: adapter.handleProtocols })
    server.on('connection', adapter.connection())
    servers.set(path, server)
    const proxy = await createProxy({ targetPort: port, onConnection })
    const { session, done } = converse(
      `wss://localhost:${proxy.port}${path}`,
      shape,
      {
        tls: { ca: cert },
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
      servers.delete(path)
      await proxy.close()
    }
  }

  return {
    async measure() {
      const lengths: Lengths = { burst: { client: 0, server: 0 }, steps: { client: 0, server: 0 } }
      for (const shape of shapes) {
        for (let n = 0; n < measuredRuns; n++) {
          let first: ProxyConnection | undefined
          await play(shape, new Story(), (connection) => {
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
        await play(run.shape, story, (connection) => {
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
