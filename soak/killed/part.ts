import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createAdapter } from '@lastword/server-adapter'
import { Random } from '../../packages/protocol/test/sim/random.ts'
import { Child } from '../child.ts'
import { within } from '../deadline.ts'
import type { Part, PartOptions } from '../part.ts'
import { createStage, type Stage } from '../stage.ts'
import { Ledger } from './ledger.ts'
import { type FromClient, numberOf, type ToClient } from './messages.ts'

/** Clients, and how often each of them is killed. */
const sizes = { whole: { clients: 8, kills: 25 }, short: { clients: 2, kills: 6 } }
/** The numbers of one life; those of the next one are higher, whatever was lost. */
const numbersOfLife = 1_000_000
/** Things that a client says before it is killed, at most. */
const wordsMax = 60
/** How much later it is killed, at most: it is then in the middle of something. */
const delayMsMax = 6
const lastMessages = 20
const lifeMs = 60_000

export const killed: Part = {
  name: 'killed',
  description:
    'a client with its journal on disk, killed with SIGKILL again and again, until all is delivered',
  async run(options) {
    const { clients, kills } = options.short ? sizes.short : sizes.whole
    const { seed } = options.replay
    const seeds = seed === undefined ? Array.from({ length: clients }, (_, n) => n + 1) : [seed]
    const stage = await createStage()
    const totals = { kills: 0, sending: 0, stored: 0, acknowledged: 0, handled: 0, restored: 0 }
    try {
      for (const one of seeds) {
        const ledger = await runClient(one, kills, stage, options, (n) => {
          options.progress(totals.kills + n, seeds.length * kills, 'kills')
        })
        totals.kills += kills
        for (const name of ['sending', 'stored', 'acknowledged'] as const) totals[name] += ledger[name].size
        totals.handled += ledger.handled.length
        totals.restored += ledger.restored
      }
    } finally {
      stage.close()
    }
    if (totals.restored === 0) throw new Error('no life had anything of the one before: nothing was proved')
    return (
      `${totals.kills} kills of ${seeds.length} clients: ${totals.sending} messages given to send(), ` +
      `${totals.stored} of them known to be in the journal, ${totals.acknowledged} known to be acknowledged, ` +
      `${totals.restored} carried over; the server handled ${totals.handled}, 0 of those known missing, 0 twice`
    )
  },
}

async function runClient(
  seed: number,
  kills: number,
  stage: Stage,
  options: PartOptions,
  progress: (kills: number) => void,
): Promise<Ledger> {
  const random = new Random(seed)
  const ledger = new Ledger()
  const adapter = createAdapter()
  adapter.onSession((session) => {
    session.handle('item', async (_payload, { id }) => {
      ledger.handled.push(numberOf(id))
      const turns = random.int(0, 3)
      for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve))
      return id
    })
  })
  const place = await stage.open(adapter, () => {})
  const folder = await mkdtemp(join(tmpdir(), 'lastword-killed-'))
  try {
    for (let life = 0; life <= kills; life++) {
      if (options.signal.aborted) throw new Error('interrupted')
      const last = life === kills
      const client = new Client({
        type: 'live',
        url: place.url,
        ca: stage.ca,
        folder,
        from: life * numbersOfLife,
        seed: random.int(1, 1_000_000),
        count: last ? lastMessages : undefined,
      })
      ledger.bornAgain()
      const words = last ? undefined : random.int(0, wordsMax)
      try {
        await within(
          lifeMs,
          `life ${life} of the client`,
          client.live(ledger, words, random.int(0, delayMsMax)),
        )
      } finally {
        await client.kill()
      }
      progress(Math.min(life + 1, kills))
    }
    const wrongs = ledger.wrongs()
    if (wrongs.length > 0) {
      throw new Error(`${wrongs.join('\n')}\nagain: npm run soak -- --only killed --seed ${seed}`)
    }
    return ledger
  } finally {
    await adapter.shutdown({ deadlineMs: 0 })
    await place.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** One life of a client. */
class Client {
  readonly #process = new Child<ToClient, FromClient>('killed-process')

  constructor(message: ToClient) {
    this.#process.send(message)
  }

  /** Kills it a while after it has said so many things, or lets it finish. Resolves when it is gone, or has finished. */
  async live(ledger: Ledger, words: number | undefined, delayMs: number): Promise<void> {
    let heard = 0
    const finished = new Promise<void>((resolve, reject) => {
      const kill = () => setTimeout(() => void this.kill().then(resolve), delayMs)
      this.#process.onMessage = (message) => {
        note(ledger, message)
        if (message.type === 'failed') return reject(new Error(message.message))
        if (message.type === 'finished')
          return isDone(message) ? resolve() : reject(new Error(wordsOf(message)))
        if (words !== undefined && heard++ === words) kill()
      }
    })
    // What is killed ends early, as it should.
    const early = words === undefined ? [this.#process.endedEarly()] : []
    await Promise.race([finished, ...early])
  }

  kill(): Promise<void> {
    return this.#process.kill()
  }
}

function note(ledger: Ledger, message: FromClient): void {
  if (message.type === 'opened') ledger.restored += message.restored
  else if (message.type === 'sending') ledger.sending.add(message.number)
  else if (message.type === 'stored') ledger.storedUpTo(message.number)
  else if (message.type === 'handled') ledger.acknowledged.add(message.number)
}

type Finished = Extract<FromClient, { type: 'finished' }>

function isDone({ clean, left }: Finished): boolean {
  return clean && left === 0
}

function wordsOf({ clean, left }: Finished): string {
  return `the client closed ${clean ? 'cleanly' : 'and not cleanly'}, with ${left} sessions left in its journal`
}
