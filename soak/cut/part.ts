import { playInLanes } from '../lanes.ts'
import type { Part } from '../part.ts'
import { type CutRun, commandOf, type Lengths, planCuts } from './plan.ts'
import type { CutOutcome } from './player.ts'

export const cut: Part = {
  name: 'cut',
  description: 'wss, every link cut after k bytes, for every k of a short conversation, on both sides',
  async run(options) {
    let hit = 0
    let links = 0
    let slowestMs = 0
    const { runs, broken } = await playInLanes<CutRun, CutOutcome, Lengths>({
      program: 'cut-process',
      options,
      plan: (lengths) => planCuts(lengths, options.short, options.replay),
      commandOf,
      onOutcome(outcome) {
        links += outcome.links
        if (outcome.cuts > 0) hit += 1
        slowestMs = Math.max(slowestMs, outcome.ms)
      },
    })
    const figures =
      `${runs} conversations, ${hit} of them cut, over ${links} links, ${broken} broken; ` +
      `the slowest took ${Math.round(slowestMs)} ms`
    if (broken > 0) throw new Error(figures)
    return figures
  },
}
