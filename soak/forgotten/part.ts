import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { certificate, until } from '@lastword/testkit'
import { Random } from '../../packages/protocol/test/sim/random.ts'
import { Child } from '../child.ts'
import { within } from '../deadline.ts'
import type { Part, PartOptions } from '../part.ts'
import { checkOrder, checkWitness } from './check.ts'
import { readLog } from './log.ts'
import type { FromServer, ToServer } from './messages.ts'
import { Talker, type Told } from './talker.ts'

type Server = Child<ToServer, FromServer>

const rounds = { whole: 60, short: 3 }
const clients = 12
const messages = 80
const waitMs = 60_000

/** What happened, over all rounds. */
interface Totals {
  lost: number
  anew: number
  unhurt: number
  twice: number
  told: Record<Told, number>
}

export const forgotten: Part = {
  name: 'forgotten',
  description:
    'a server is killed and another one comes that knows of no session: every message gets its fate',
  async run(options) {
    const count = options.short ? rounds.short : rounds.whole
    const told = { handled: 0, 'no-reply': 0, received: 0, unknown: 0, 'not-sent': 0 }
    const totals: Totals = { lost: 0, anew: 0, unhurt: 0, twice: 0, told }
    for (let round = 1; round <= count && !options.signal.aborted; round++) {
      try {
        await play(round, totals, options)
      } catch (error) {
        throw new Error(`round ${round}: ${error instanceof Error ? error.message : error}`)
      }
      options.progress(round, count, 'servers killed')
    }
    if (totals.lost === 0) throw new Error('no session was lost')
    return (
      `${count} servers killed, ${count * clients} sessions: ${totals.lost} ended as session-unknown, ${totals.anew} ` +
      `had not been welcomed and began anew, ${totals.unhurt} were over; of the messages of these ` +
      `${told.handled} handled, ${told['no-reply']} handled without a reply, ${told.received} received, ` +
      `${told.unknown} unknown, ${told['not-sent']} not sent; what was not handled was in fresh sessions, ` +
      `${totals.twice} for the second time, and marked so`
    )
  },
}

async function play(round: number, totals: Totals, options: PartOptions): Promise<void> {
  const random = new Random(round)
  const folder = await mkdtemp(join(tmpdir(), 'lastword-soak-'))
  const log = join(folder, 'log')
  const servers: Server[] = [new Child('forgotten-server-process'), new Child('forgotten-server-process')]
  const [first, second] = servers as [Server, Server]
  const talkers: Talker[] = []
  const stop = () => void Promise.all(servers.map((server) => server.kill()))
  options.signal.addEventListener('abort', stop)
  try {
    const { key, cert } = await certificate()
    const serve = async (server: Server, number: number, port: number) => {
      server.send({ type: 'serve', number, port, key, cert, log })
      const told = await server.next(isStarted, waitMs, 'a server to listen')
      if (told.type === 'failed') throw new Error(told.message)
      return told.port
    }
    const port = await serve(first, 1, 0)
    const url = `wss://localhost:${port}/`
    let handled = 0
    first.onMessage = ({ type }) => {
      if (type === 'handled') handled += 1
    }
    for (let n = 0; n < clients; n++) talkers.push(new Talker(`m${n}`, url, cert, messages))
    const killAt = random.int(0, clients * messages - 1)
    await until(() => handled >= killAt, { what: `${killAt} messages to be handled`, timeoutMs: waitMs })
    await first.kill()
    await serve(second, 2, port)
    const witnesses = await within(
      waitMs,
      'every session to end',
      Promise.all(talkers.map((one) => witness(one))),
    )
    const lines = readLog(log)
    for (const one of witnesses) {
      checkWitness(one, lines)
      const { clean, code, by } = one.report
      const isLost = code === 'session-unknown' && by === 'peer'
      if (!clean && !isLost) throw new Error(`a session ended as ${code} by ${by}`)
      const anew = lines.some(({ server, sid }) => server === 2 && sid === one.sid)
      if (isLost && anew) throw new Error('a session that was lost went on')
      if (isLost) totals.lost += 1
      else if (anew) totals.anew += 1
      else totals.unhurt += 1
      for (const fate of one.told.values()) totals.told[fate] += 1
    }
    checkOrder(lines, new Set(witnesses.map(({ sid }) => sid)))
    const handledIds = new Set(lines.filter(({ what }) => what === 'done').map(({ id }) => id))
    if (handledIds.size !== clients * messages) throw new Error(`${handledIds.size} messages were handled`)
    totals.twice += checkMarks(witnesses, lines)
  } finally {
    options.signal.removeEventListener('abort', stop)
    for (const talker of talkers) talker.abort()
    await Promise.all(servers.map((server) => server.end()))
    await rm(folder, { recursive: true, force: true })
  }
}

async function witness(talker: Talker) {
  const report = await talker.end()
  return { sid: talker.session.id, told: talker.told, report }
}

/** What was sent again is marked, unless it had never left. Returns how many were given out a second time. */
function checkMarks(
  witnesses: readonly { told: ReadonlyMap<string, Told>; sid: string }[],
  lines: ReturnType<typeof readLog>,
): number {
  const given = lines.filter(({ what }) => what === 'given')
  const before = new Set(given.filter(({ server }) => server === 1).map(({ id }) => id))
  const own = new Set(witnesses.map(({ sid }) => sid))
  const fates = new Map(witnesses.flatMap(({ told }) => [...told]))
  let twice = 0
  for (const { server, sid, id, redelivered } of given) {
    // In a fresh session there are also those that were sent there first.
    const again = server === 2 && !own.has(sid) && fates.has(id)
    if (redelivered !== (again && fates.get(id) !== 'not-sent')) {
      throw new Error(`${id} came ${redelivered ? '' : 'not '}marked as sent again`)
    }
    if (again && before.has(id)) twice += 1
  }
  return twice
}

type Started = Extract<FromServer, { type: 'listening' | 'failed' }>

function isStarted(message: FromServer): message is Started {
  return message.type === 'listening' || message.type === 'failed'
}
