import { availableParallelism } from 'node:os'
import { certificate, until } from '@lastword/testkit'
import { Child } from '../child.ts'
import type { Part, PartOptions } from '../part.ts'
import { checkFileLimit } from './file-limit.ts'
import type { FromClients, FromServer, Kind, Sight, ToClients, ToServer } from './messages.ts'

const sessionsOf = { whole: 10_000, short: 300 }
/** Sessions that are opened and closed before anything is measured: what is made once is not theirs. */
const warmUp = 50
const processesMax = 4
const stepMs = { whole: 600_000, short: 60_000 }

export const sessions: Part = {
  name: 'sessions',
  description:
    '10,000 sessions over wss on one server process, each resumed once; what one takes, idle and parked',
  async run(options) {
    const count = options.short ? sessionsOf.short : sessionsOf.whole
    checkFileLimit(count)
    const bare = await withCrowd('bare', count, options, measureBare)
    const { open, parked, resumed } = await withCrowd('sessions', count, options, measureSessions)
    return (
      `${count} sessions, each cut and resumed, all clean. On the server, resident (heap and buffers): ` +
      `${shown(bare, count)} for a bare link, ${shown(open, count)} for an idle session with its link, ` +
      `${shown(parked, count)} for one without, ${shown(resumed, count)} when all had resumed`
    )
  },
}

/** A server, and clients in processes of their own. */
interface Crowd {
  look(): Promise<Sight>
  cut(): Promise<void>
  /** Has every client do something. */
  all(what: Exclude<ToClients['type'], 'open'>): Promise<void>
  open(count: number): Promise<void>
}

async function measureBare(crowd: Crowd, count: number): Promise<Memory> {
  const before = await crowd.look()
  await crowd.open(count)
  const after = await crowd.look()
  expectThat('links', after.links, count)
  await crowd.all('close')
  return difference(after, before)
}

async function measureSessions(crowd: Crowd, count: number) {
  const before = await crowd.look()
  await crowd.open(count)
  const open = await crowd.look()
  expectThat('links', open.links, count)
  await crowd.cut()
  await crowd.all('notice')
  const parked = await seen(crowd, 'parked sessions', (sight) => sight.parked === count)
  expectThat('links', parked.links, 0)
  await crowd.all('resume')
  // The server is certain of it a round trip later than its client.
  const resumed = await seen(crowd, 'resumed sessions', (sight) => sight.resumed === count)
  expectThat('sessions made', resumed.made - before.made, count)
  await crowd.all('close')
  const end = await seen(crowd, 'clean ends', (sight) => sight.clean - before.clean === count)
  expectThat('unclean ends', end.unclean, 0)
  return {
    open: difference(open, before),
    parked: difference(parked, before),
    resumed: difference(resumed, before),
  }
}

type Memory = Sight['memory']

async function withCrowd<T>(
  kind: Kind,
  count: number,
  options: PartOptions,
  measure: (crowd: Crowd, count: number) => Promise<T>,
): Promise<T> {
  const limitMs = options.short ? stepMs.short : stepMs.whole
  const server: Child<ToServer, FromServer> = new Child('sessions-server-process')
  const lanes = Array.from({ length: Math.min(processesMax, 2 * availableParallelism()) }, () => {
    return new Child<ToClients, FromClients>('sessions-clients-process')
  })
  const children = [server, ...lanes]
  const stop = () => void Promise.all(children.map((child) => child.kill()))
  options.signal.addEventListener('abort', stop)

  /** Has every process of clients do something. */
  async function each(messageOf: (lane: number) => ToClients, total: number): Promise<void> {
    let done = 0
    await Promise.all(
      lanes.map(async (lane, index) => {
        const message = messageOf(index)
        const onStep = (told: FromClients) => {
          if (told.type === 'step') done += told.done
          options.progress(done, total, `${kind}: ${message.type}`)
        }
        lane.send(message)
        await answered(lane, 'did', limitMs, `all clients to ${message.type}`, onStep)
      }),
    )
  }

  try {
    const { key, cert: ca } = await certificate()
    server.send({ type: 'serve', kind, key, cert: ca })
    const { port } = await answered(server, 'listening', limitMs, 'the server to listen')
    const crowd: Crowd = {
      async look() {
        server.send({ type: 'look' })
        return (await answered(server, 'seen', limitMs, 'the server to look at itself')).sight
      },
      async cut() {
        server.send({ type: 'cut' })
        await answered(server, 'cut', limitMs, 'the server to cut its links')
      },
      all: (what) => each(() => ({ type: what }), count),
      open: (some) =>
        each((lane) => ({ type: 'open', kind, port, ca, count: shareOf(some, lane, lanes.length) }), some),
    }
    await crowd.open(warmUp)
    await crowd.all('close')
    await seen(crowd, 'the end of the first links', ({ links }) => links === 0)
    return await measure(crowd, count)
  } finally {
    options.signal.removeEventListener('abort', stop)
    await Promise.all(children.map((child) => child.end()))
  }
}

/** Resolves with the next message of this type; rejects with what failed there. */
async function answered<Out extends { type: string }, T extends Out['type']>(
  child: Child<never, Out>,
  type: T,
  ms: number,
  what: string,
  onOther: (message: Out) => void = () => {},
): Promise<Extract<Out, { type: T }>> {
  type Told = Extract<Out, { type: T | 'failed' }>
  const told = await child.next(
    (message): message is Told => {
      if (message.type === type || message.type === 'failed') return true
      onOther(message)
      return false
    },
    ms,
    what,
  )
  if (told.type === 'failed') throw new Error((told as unknown as { message: string }).message)
  return told as Extract<Out, { type: T }>
}

/** Resolves with the first sight of the server that is as it must be. */
async function seen(crowd: Crowd, what: string, isIt: (sight: Sight) => boolean): Promise<Sight> {
  let last: Sight | undefined
  const look = async () => {
    last = await crowd.look()
    return isIt(last)
  }
  await until(look, { what, timeoutMs: 60_000 }).catch((error: unknown) => {
    throw new Error(`${error instanceof Error ? error.message : error}: ${JSON.stringify(last)}`)
  })
  return last as Sight
}

function difference(after: Sight, before: Sight): Memory {
  return {
    resident: after.memory.resident - before.memory.resident,
    heap: after.memory.heap - before.memory.heap,
  }
}

function shown({ resident, heap }: Memory, count: number): string {
  const kibibytes = (bytes: number) => (bytes / count / 1024).toFixed(1)
  return `${kibibytes(resident)} KiB (${kibibytes(heap)})`
}

function shareOf(total: number, lane: number, lanes: number): number {
  return Math.floor((total * (lane + 1)) / lanes) - Math.floor((total * lane) / lanes)
}

function expectThat(what: string, actual: number, wanted: number): void {
  if (actual !== wanted) throw new Error(`${actual} ${what} instead of ${wanted}`)
}
