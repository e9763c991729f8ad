import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { backoff, connect, type Session } from '@lastword/sdk'
import { certificate } from '@lastword/testkit'
import { Random } from '../../packages/protocol/test/sim/random.ts'
import { Child } from '../child.ts'
import { within } from '../deadline.ts'
import type { Part, PartOptions } from '../part.ts'
import type { FromServer, ToServer } from './messages.ts'

/** Servers, and how often each of them is killed. */
const sizes = { whole: { servers: 4, kills: 25 }, short: { servers: 1, kills: 6 } }
const clientCount = 6
/** Messages of a client that are not acknowledged, at most. */
const outstandingMax = 20
/** Messages that handlers are given before the server is killed, at most. */
const wordsMax = 150
const delayMsMax = 6
const limitMs = 60_000

export const restarted: Part = {
  name: 'restarted',
  description: 'a server with its journal on disk, killed with SIGKILL again and again while clients send',
  async run(options) {
    const { servers, kills } = options.short ? sizes.short : sizes.whole
    const { seed } = options.replay
    const seeds = seed === undefined ? Array.from({ length: servers }, (_, n) => n + 1) : [seed]
    const totals = { messages: 0, again: 0, unmarked: 0 }
    for (const [at, one] of seeds.entries()) {
      const run = new Run(one, options)
      await run.play(kills, (n) => options.progress(at * kills + n, seeds.length * kills, 'kills'))
      totals.messages += run.acknowledged.size
      totals.again += run.again
      totals.unmarked += run.unmarked
    }
    if (totals.again === 0) throw new Error('no message was given to a handler again: nothing was proved')
    if (totals.unmarked > 0)
      throw new Error(`${totals.unmarked} messages were given to a handler again, unmarked`)
    return (
      `${kills * seeds.length} kills of ${seeds.length} servers with ${clientCount} clients each: ` +
      `${totals.messages} messages, all acknowledged, none handled after that; ` +
      `${totals.again} that no handler had finished were given to one again, all of them marked`
    )
  },
}

/** One server, over all its lives, and its clients. */
class Run {
  /** In which life of the server the acknowledgement of a message came. */
  readonly acknowledged = new Map<string, number>()
  again = 0
  unmarked = 0
  readonly #begun = new Set<string>()
  readonly #wrongs: string[] = []
  readonly #seed: number
  readonly #options: PartOptions
  #life = 0
  #server: Child<ToServer, FromServer> | undefined
  #stopping = false

  constructor(seed: number, options: PartOptions) {
    this.#seed = seed
    this.#options = options
  }

  async play(kills: number, progress: (kills: number) => void): Promise<void> {
    const random = new Random(this.#seed)
    const { key, cert } = await certificate()
    const folder = await mkdtemp(join(tmpdir(), 'lastword-restarted-'))
    const sessions: Session[] = []
    let port = 0
    let clients: Promise<void>[] = []
    try {
      for (let life = 0; life <= kills; life++) {
        if (this.#options.signal.aborted) throw new Error('interrupted')
        this.#life = life
        const words = random.int(0, wordsMax)
        const served = this.#serve(
          { type: 'serve', port, key, cert, folder, seed: random.int(1, 1_000_000) },
          words,
        )
        port = await within(limitMs, `life ${life} of the server`, served.listening)
        if (life === 0) {
          for (let n = 0; n < clientCount; n++) {
            sessions.push(
              connect(`wss://localhost:${port}/`, {
                tls: { ca: cert },
                reconnect: backoff({ minMs: 10, maxMs: 50 }),
              }),
            )
          }
          clients = sessions.map((session, n) => this.#send(session, n))
          for (const client of clients) client.catch(() => {})
        }
        if (life === kills) break
        await within(limitMs, `${words} messages in life ${life}`, Promise.race([served.heard, ...clients]))
        await new Promise((resolve) => setTimeout(resolve, random.int(0, delayMsMax)))
        await this.#server?.kill()
        progress(life + 1)
      }
      this.#stopping = true
      await within(limitMs, 'everything to be acknowledged', Promise.all(clients))
      for (const id of this.acknowledged.keys()) {
        if (!this.#begun.has(id)) this.#wrongs.push(`${id} was acknowledged, and no handler was given it`)
      }
      for (const session of sessions) {
        const report = await within(limitMs, 'a session to close', session.close())
        if (!report.clean) this.#wrongs.push(`a session did not end clean: ${report.code}`)
      }
      if (this.#wrongs.length > 0) {
        const shown = this.#wrongs.slice(0, 10).join('\n')
        throw new Error(`${shown}\nagain: npm run soak -- --only restarted --seed ${this.#seed}`)
      }
    } finally {
      this.#stopping = true
      for (const session of sessions) session.abort()
      await this.#server?.kill()
      await rm(folder, { recursive: true, force: true })
    }
  }

  #serve(message: ToServer, words: number): { listening: Promise<number>; heard: Promise<void> } {
    const server = new Child<ToServer, FromServer>('restarted-server-process')
    this.#server = server
    const life = this.#life
    let count = 0
    let resolveHeard: () => void = () => {}
    const heard = new Promise<void>((resolve) => {
      resolveHeard = resolve
    })
    const listening = new Promise<number>((resolve, reject) => {
      server.onMessage = (said) => {
        if (said.type === 'listening') resolve(said.port)
        else if (said.type === 'failed') {
          this.#wrongs.push(said.message)
          reject(new Error(said.message))
        } else {
          this.#onBegun(said, life)
          if (++count >= words) resolveHeard()
        }
      }
    })
    if (words === 0) void listening.then(resolveHeard)
    server.send(message)
    return { listening, heard }
  }

  #onBegun({ id, redelivered }: Extract<FromServer, { type: 'begun' }>, life: number): void {
    if (this.#begun.has(id)) {
      this.again++
      if (!redelivered) this.unmarked++
    }
    this.#begun.add(id)
    const acknowledged = this.acknowledged.get(id)
    if (acknowledged !== undefined && acknowledged < life) {
      this.#wrongs.push(
        `${id} was acknowledged in life ${acknowledged}, and given to a handler in life ${life}`,
      )
    }
  }

  /** Sends until it is told to stop; resolves when all of it is acknowledged, and rejects if any of it is not. */
  async #send(session: Session, client: number): Promise<void> {
    const open = new Set<Promise<void>>()
    for (let number = 0; !this.#stopping; number++) {
      const id = `client-${client}-${number}`
      const sent = (
        number % 3 === 0 ? session.request('item', number, { id }) : session.send('item', number, { id })
      )
        .then(() => {
          this.acknowledged.set(id, this.#life)
        })
        .finally(() => open.delete(sent))
      open.add(sent)
      while (open.size >= outstandingMax) await Promise.race(open)
    }
    await Promise.all(open)
  }
}
