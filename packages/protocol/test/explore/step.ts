import type { FrameId } from './frames.ts'
import type { Opening } from './plan.ts'

/** What can happen, on either side. `arg` says which: a frame, a sequence number, an end. */
export const kinds = [
  'send',
  'cancel',
  'finish',
  'close',
  'abort',
  'time',
  'start early',
  'start held',
  'open',
  'poll',
  'accept',
  'frame',
  'end',
  'written',
] as const

export type Kind = (typeof kinds)[number]

/** One thing that happens to one side, as a number: what a table can be asked for. */
export type Step = number

export interface StepParts {
  kind: Kind
  link: number
  /** `finish`: the sequence number. `open`, `accept`, `frame`: the frame. `end`: see `endArg`. */
  arg: number
}

export function stepOf(kind: Kind, link = 0, arg = 0): Step {
  return (arg * linksMax + link) * kinds.length + kinds.indexOf(kind)
}

export function partsOf(step: Step): StepParts {
  const rest = Math.floor(step / kinds.length)
  return {
    kind: kinds[step % kinds.length] as Kind,
    link: rest % linksMax,
    arg: Math.floor(rest / linksMax),
  }
}

export function startKind(opening: Opening): Kind {
  return opening === 'early' ? 'start early' : 'start held'
}

export interface EndParts {
  code: number
  clean: boolean
  neverLeft: boolean
}

/** How a link has ended, as the `arg` of an `end`. */
export function endArg({ code, clean, neverLeft }: EndParts): number {
  return code * 4 + (clean ? 2 : 0) + (neverLeft ? 1 : 0)
}

export function endParts(arg: number): EndParts {
  return { code: arg >> 2, clean: (arg & 2) !== 0, neverLeft: (arg & 1) !== 0 }
}

/** More links than any run needs: one that starts another is going round in circles. */
export const linksMax = 32

/** What a step puts on the network. */
export type Effect =
  | { do: 'put'; link: number; frame: FrameId }
  /** The first frame is kept until the link is open. */
  | { do: 'hold'; link: number; frame: FrameId }
  | { do: 'close'; link: number; code: number }
