import fc from 'fast-check'
import { resetCodes } from '../../src/codes.ts'
import { type PeerFrame, peerFrame } from './peer-frames.ts'

/** One thing that happens to the session under test. Indices are taken modulo what there is to choose from. */
export type Step =
  /** The peer says something: on the current link, or on one that this side has closed or left. */
  | { do: 'frame'; frame: PeerFrame; link: 'current' | 'next' | 'old' }
  /** Another link: begun by a client, or with a `hello` that the server's door has let in. */
  | {
      do: 'link'
      welcome: 'right' | 'later' | 'none'
      off: number
      link: number
      fresh: boolean
      early: boolean
    }
  | { do: 'end'; link: number; code: number; clean: boolean }
  | { do: 'send'; bytes: number; binary: boolean; ask: boolean }
  | { do: 'handled'; index: number }
  | { do: 'drop' | 'cancel' | 'note'; index: number }
  | { do: 'close' | 'fin' | 'away' }
  | { do: 'abort'; code: number }
  /** Time passes: up to the next deadline, or part of the way. */
  | { do: 'time'; whole: boolean }
  /** The link takes nothing more, until it does again: what leaves then leaves together. */
  | { do: 'busy'; on: boolean }

const small = fc.nat({ max: 9 })
const endCodes = [1000, 1001, 1005, 1006, 1009, 4400, 4405, 4407, 4409, 4410, 4413, 4999]

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 30,
    arbitrary: fc.record({
      do: fc.constant('frame' as const),
      frame: peerFrame,
      link: fc.oneof(
        { weight: 12, arbitrary: fc.constant('current' as const) },
        { weight: 2, arbitrary: fc.constant('next' as const) },
        { weight: 1, arbitrary: fc.constant('old' as const) },
      ),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('link' as const),
      welcome: fc.constantFrom('right' as const, 'right' as const, 'later' as const, 'none' as const),
      off: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.integer({ min: -3, max: 2 })),
      link: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.integer({ min: -2, max: 3 })),
      fresh: fc.boolean(),
      early: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('end' as const),
      link: small,
      code: fc.constantFrom(...endCodes),
      clean: fc.boolean(),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('send' as const),
      bytes: fc.oneof(
        { weight: 8, arbitrary: small },
        { weight: 1, arbitrary: fc.constantFrom(60_000, 65_500, 70_000) },
      ),
      binary: fc.boolean(),
      ask: fc.boolean(),
    }),
  },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('handled' as const), index: small }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constantFrom('drop' as const, 'cancel' as const, 'note' as const),
      index: small,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom('close' as const, 'fin' as const, 'away' as const) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('abort' as const), code: fc.nat({ max: resetCodes.length - 1 }) }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('time' as const), whole: fc.boolean() }) },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('busy' as const), on: fc.boolean() }),
  },
)

/** A whole run: mostly it begins with a link that opens as it should. */
export const steps: fc.Arbitrary<Step[]> = fc
  .tuple(fc.boolean(), fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }))
  .map(([opened, rest]): Step[] =>
    opened ? [{ do: 'link', welcome: 'right', off: 0, link: 0, fresh: true, early: false }, ...rest] : rest,
  )
