import { availableParallelism } from 'node:os'
import { Child, endWithParent, type Program, tellParent } from './child.ts'
import type { PartOptions } from './part.ts'

/** How one run went: figures, and what was broken, with the trace of both sides behind the first line. */
export interface Outcome<Run> {
  run: Run
  broken?: string
}

type ToLane<Run> = { type: 'prepare' } | { type: 'play'; runs: Run[] }

type FromLane<Run, O extends Outcome<Run>, Prepared> =
  | { type: 'prepared'; prepared: Prepared }
  | { type: 'outcome'; outcome: O }
  | { type: 'played' }
  | { type: 'failed'; message: string }

/** Runs that a process is given at a time. */
const batchRuns = 40
const processesMax = 4
const prepareMs = 60_000
/** Failures that are told in full. */
const toldMax = 3
/** After so many failures the part is given up: what is broken is known, and hanging runs take their time. */
const brokenMax = 10

/** What a part needs to have its runs played by processes. */
export interface LanesPlan<Run, O, Prepared> {
  program: Program
  options: PartOptions
  /** What is to be played, by what the first process has prepared. */
  plan(prepared: Prepared): Run[]
  /** The command that repeats one. */
  commandOf(run: Run): string
  onOutcome(outcome: O): void
}

/**
 * Plays runs in as many processes as there are processors. Resolves with how many there were; rejects if one was
 * broken, after all have been played and each failure was told.
 */
export async function playInLanes<Run, O extends Outcome<Run>, Prepared>(
  what: LanesPlan<Run, O, Prepared>,
): Promise<{ runs: number; broken: number }> {
  const { options, commandOf } = what
  const count = Math.min(processesMax, availableParallelism())
  const lanes = Array.from({ length: count }, () => {
    return new Child<ToLane<Run>, FromLane<Run, O, Prepared>>(what.program)
  })
  const stop = () => void Promise.all(lanes.map((lane) => lane.kill()))
  options.signal.addEventListener('abort', stop)
  try {
    const runs = what.plan(await prepared(lanes[0] as Lane<Run, O, Prepared>))
    let played = 0
    let broken = 0
    let giveUp!: (error: Error) => void
    const enough = new Promise<never>((_, reject) => {
      giveUp = reject
    })
    const onOutcome = (outcome: O) => {
      played += 1
      if (outcome.broken !== undefined) {
        broken += 1
        const [first = '', ...trace] = outcome.broken.split('\n')
        const told = broken <= toldMax ? trace : []
        options.log([`broken: ${first}`, commandOf(outcome.run), ...told].join('\n'))
      }
      what.onOutcome(outcome)
      options.progress(played, runs.length, `${broken} broken`)
      if (broken >= brokenMax) giveUp(new Error(`given up after ${broken} of ${played} runs were broken`))
    }
    let next = 0
    // So that the last batches, too, are shared by all.
    const batch = Math.max(1, Math.min(batchRuns, Math.ceil(runs.length / (4 * count))))
    const all = Promise.all(
      lanes.map(async (lane) => {
        while (next < runs.length) {
          const mine = runs.slice(next, next + batch)
          next += mine.length
          await playBatch(lane, mine, onOutcome)
        }
      }),
    )
    await Promise.race([all, enough])
    return { runs: runs.length, broken }
  } finally {
    options.signal.removeEventListener('abort', stop)
    await Promise.all(lanes.map((lane) => lane.end()))
  }
}

type Lane<Run, O extends Outcome<Run>, Prepared> = Child<ToLane<Run>, FromLane<Run, O, Prepared>>

async function prepared<Run, O extends Outcome<Run>, Prepared>(
  lane: Lane<Run, O, Prepared>,
): Promise<Prepared> {
  type Told = Extract<FromLane<Run, O, Prepared>, { type: 'prepared' | 'failed' }>
  lane.send({ type: 'prepare' })
  const isTold = (message: FromLane<Run, O, Prepared>): message is Told =>
    message.type === 'prepared' || message.type === 'failed'
  const told = await lane.next(isTold, prepareMs, 'a process to be ready')
  if (told.type === 'failed') throw new Error(`what nobody hurts is broken already: ${told.message}`)
  return told.prepared
}

function playBatch<Run, O extends Outcome<Run>, Prepared>(
  lane: Lane<Run, O, Prepared>,
  runs: Run[],
  onOutcome: (outcome: O) => void,
): Promise<void> {
  const played = new Promise<void>((resolve, reject) => {
    lane.onMessage = (message) => {
      if (message.type === 'outcome') onOutcome(message.outcome)
      else if (message.type === 'played') resolve()
      else if (message.type === 'failed') reject(new Error(message.message))
    }
  })
  lane.send({ type: 'play', runs })
  return Promise.race([played, lane.endedEarly()])
}

/** What a process plays. */
export interface Player<Run, O extends Outcome<Run>, Prepared> {
  prepare(): Promise<Prepared>
  play(run: Run): Promise<O>
}

/**
 * The other end, for a process: plays what it is told to.
 *
 * @param atOnce Runs at once: while one waits for its network, the others have the processor.
 */
export function followLanes<Run, O extends Outcome<Run>, Prepared>(
  player: Promise<Player<Run, O, Prepared>>,
  atOnce: number,
): void {
  const tell = (message: FromLane<Run, O, Prepared>) => tellParent(message)

  async function follow(message: ToLane<Run>): Promise<void> {
    const { prepare, play } = await player
    if (message.type === 'prepare') return tell({ type: 'prepared', prepared: await prepare() })
    const runs = message.runs.values()
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        // They all take from the same iterator.
        for (const run of runs) tell({ type: 'outcome', outcome: await play(run) })
      }),
    )
    tell({ type: 'played' })
  }

  endWithParent()
  process.on('message', (message: ToLane<Run>) => {
    follow(message).catch((error: unknown) => {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
      tell({ type: 'failed', message: text })
    })
  })
}
