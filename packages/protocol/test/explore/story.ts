import { wordsOf } from '../ladder.ts'
import type { Happening } from './expansion.ts'
import type { Violation } from './explore.ts'
import type { FrameId } from './frames.ts'
import { endParts, partsOf } from './step.ts'
import type { World } from './world.ts'

/** Where the server's column begins. */
const serverColumn = 60

/**
 * How a promise was broken, as a ladder: what the client does and hears on the left, the server on the right, time going
 * down. `▶` and `◀` are frames that leave; what arrives stands in brackets behind the link that it came on.
 */
export function storyOf(world: World, { broken, happenings }: Violation): string {
  const head = `client${' '.repeat(serverColumn - 6)}server`
  const lines = happenings.flatMap((happening) => linesOf(world, happening))
  return [head, ...lines, `BROKEN  ${broken.promise}: ${broken.message}`].join('\n')
}

function linesOf(world: World, happening: Happening): string[] {
  const { role, step, effects } = happening
  const said = [step === undefined ? happening.words : wordsOfStep(world, step)]
  for (const effect of effects) {
    if (effect.do === 'put') said.push(`${arrow(role)} ${effect.link}: ${frameWords(world, effect.frame)}`)
    else if (effect.do === 'close') said.push(`${arrow(role)} ${effect.link}: close ${effect.code}`)
  }
  return said.map((words, i) => {
    const line = i === 0 ? words : `  ${words}`
    return role === 'client' ? line : `${' '.repeat(serverColumn)}${line}`
  })
}

function arrow(role: Happening['role']): string {
  return role === 'client' ? '──▶' : '◀──'
}

function wordsOfStep(world: World, step: number): string {
  const { kind, link, arg } = partsOf(step)
  switch (kind) {
    case 'send':
      return 'sends its next message'
    case 'cancel':
      return 'takes its request back'
    case 'finish':
      return `has handled ${arg}`
    case 'close':
      return 'closes'
    case 'abort':
      return 'gives the session up'
    case 'time':
      return 'lets its deadline pass'
    case 'start early':
      return `opens link ${link}, first frame in the upgrade request`
    case 'start held':
      return `opens link ${link}`
    case 'open':
      return `link ${link} is open${arg > 0 ? `, and ${frameWords(world, arg)} leaves` : ''}`
    case 'poll':
      return `sends on link ${link}`
    case 'accept':
      return `${link}: ${frameWords(world, arg)} opens the link`
    case 'frame':
      return `${link}: ${frameWords(world, arg)} arrives`
    case 'end': {
      const { code, clean } = endParts(arg)
      return clean ? `link ${link} is closed with ${code}` : `loses link ${link}`
    }
    case 'written':
      return `journal: write ${arg} is done`
  }
}

function frameWords(world: World, frame: FrameId): string {
  return `[${world.frames.read(frame).envelopes.map(wordsOf).join(', ')}]`
}
