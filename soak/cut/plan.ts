import { type CutWay, cutWays, type Replay, type Shape, type Side, shapes, sides } from '../part.ts'

/** One conversation whose first links are cut. */
export interface CutRun {
  shape: Shape
  /** Whose bytes are counted. */
  side: Side
  how: CutWay
  /** How many links are cut, each after as many bytes of its own; the next one is left alone. */
  links: number
  /** After how many bytes. */
  at: number
}

/** How many bytes each side sends in a conversation that nobody hurts, by its shape. */
export type Lengths = Record<Shape, Record<Side, number>>

/** The slice takes every so many-th byte: a prime, so that it meets other bytes in every combination. */
const shortStride = 89
const linksCut = [1, 2]

/** Every run of the soak, or its slice, or what `replay` leaves of it. */
export function planCuts(lengths: Lengths, short: boolean, replay: Replay): CutRun[] {
  const runs: CutRun[] = []
  const wanted = <T>(asked: T | undefined, all: readonly T[]): readonly T[] =>
    asked === undefined ? all : [asked]
  let combination = 0
  for (const shape of wanted(replay.shape, shapes)) {
    for (const side of wanted(replay.side, sides)) {
      for (const how of wanted(replay.how, cutWays)) {
        for (const links of wanted(replay.links, linksCut)) {
          const stride = short ? shortStride : 1
          const first = short ? (combination * 7) % stride : 0
          combination += 1
          if (replay.at !== undefined) runs.push({ shape, side, how, links, at: replay.at })
          else {
            for (let at = first; at <= lengths[shape][side]; at += stride) {
              runs.push({ shape, side, how, links, at })
            }
          }
        }
      }
    }
  }
  return runs
}

/** The command that plays one run again. */
export function commandOf({ shape, side, how, links, at }: CutRun): string {
  return `npm run soak -- --only cut --at ${at} --side ${side} --how ${how} --links ${links} --shape ${shape}`
}
