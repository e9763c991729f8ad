import { availableParallelism } from 'node:os'
import { Child } from '../child.ts'
import type { Part, PartOptions } from '../part.ts'
import type { CutOutcome, FromPlayer, ToPlayer } from './messages.ts'
import { type CutRun, commandOf, planCuts } from './plan.ts'

type Player = Child<ToPlayer, FromPlayer>

/** Runs that a process is given at a time. */
const batchRuns = 40
const processesMax = 4
const measureMs = 60_000
/** Failures that are told in full. */
const toldMax = 3

export const cut: Part = {
  name: 'cut',
  description: 'wss, every link cut after k bytes, for every k of a short conversation, on both sides',
  async run(options) {
    const lanes = Math.min(processesMax, availableParallelism())
    const players = Array.from({ length: lanes }, (): Player => new Child('cut-process'))
    const stop = () => void Promise.all(players.map((player) => player.kill()))
    options.signal.addEventListener('abort', stop)
    try {
      const runs = planCuts(await measure(players[0] as Player), options.short, options.replay)
      return await playAll(runs, players, options)
    } finally {
      options.signal.removeEventListener('abort', stop)
      await Promise.all(players.map((player) => player.end()))
    }
  },
}

async function measure(player: Player) {
  player.send({ type: 'measure' })
  const isTold = (message: FromPlayer) => message.type === 'measured' || message.type === 'failed'
  const told = await player.next(
    (message): message is Extract<FromPlayer, { type: 'measured' | 'failed' }> => isTold(message),
    measureMs,
    'the length of a conversation',
  )
  if (told.type === 'failed') throw new Error(`a conversation that nobody hurts is broken: ${told.message}`)
  return told.lengths
}

async function playAll(runs: CutRun[], players: Player[], options: PartOptions): Promise<string> {
  const totals = { runs: 0, hit: 0, links: 0, slowestMs: 0, broken: 0 }
  const onOutcome = ({ run, cuts, links, ms, broken }: CutOutcome) => {
    totals.runs += 1
    totals.links += links
    if (cuts > 0) totals.hit += 1
    totals.slowestMs = Math.max(totals.slowestMs, ms)
    if (broken !== undefined) {
      totals.broken += 1
      const [what = '', ...trace] = broken.split('\n')
      options.log([`cut: ${what}`, commandOf(run), ...(totals.broken <= toldMax ? trace : [])].join('\n'))
    }
    options.progress(totals.runs, runs.length, `${totals.broken} broken`)
  }
  let next = 0
  await Promise.all(
    players.map(async (player) => {
      while (next < runs.length) {
        const batch = runs.slice(next, next + batchRuns)
        next += batch.length
        await playBatch(player, batch, onOutcome)
      }
    }),
  )
  const { hit, links, slowestMs, broken } = totals
  const figures =
    `${runs.length} conversations, ${hit} of them cut, over ${links} links, ${broken} broken; ` +
    `the slowest took ${Math.round(slowestMs)} ms`
  if (broken > 0) throw new Error(figures)
  return figures
}

function playBatch(player: Player, runs: CutRun[], onOutcome: (outcome: CutOutcome) => void): Promise<void> {
  const played = new Promise<void>((resolve, reject) => {
    player.onMessage = (message) => {
      if (message.type === 'outcome') onOutcome(message.outcome)
      else if (message.type === 'played') resolve()
      else if (message.type === 'failed') reject(new Error(message.message))
    }
  })
  player.send({ type: 'play', runs })
  return Promise.race([played, player.endedEarly()])
}
