import fc from 'fast-check'
import { type Edit, edit } from '../../../protocol/test/fuzz/edits.ts'
import { type PeerFrame, peerFrame } from '../../../protocol/test/fuzz/peer-frames.ts'

/** What a client says first, and as whom. */
export interface Greeting {
  /** Which of three sessions it is about. */
  session: number
  rightKey: boolean
  fresh: boolean
  /** How far `link` and `got` are from the right ones. */
  link: number
  off: number
  auth: 'anna' | 'berta' | 'nobody' | 'throws' | 'slow'
  v: number
  /** Says that it will not come back. */
  gone: boolean
}

/** One thing that happens at an adapter's door. Indices are taken modulo what there is. */
export type DoorStep =
  /** A link arrives: with what it says first in the upgrade request (`early`), in its first frame, or with nothing. */
  | {
      do: 'arrive'
      how: 'early' | 'frame' | 'silent' | 'early twice'
      greeting: Greeting
      edits: Edit[]
      behind: PeerFrame | undefined
    }
  /**
   * A POST arrives: a link of one request, or a round of one of three poll links, `n` from the one that would be next.
   * `bodyEdits` are made to the whole body, whatever stands in it. `leaves`: its client does not wait for the answer.
   */
  | {
      do: 'post'
      kind: 'poll' | 'once'
      name: number
      off: number
      greeting: Greeting
      edits: Edit[]
      behind: PeerFrame | undefined
      closes: boolean
      bodyEdits: Edit[]
      leaves: boolean
    }
  | { do: 'frame'; link: number; frame: PeerFrame }
  | { do: 'leave'; link: number; code: number }
  /** What is ready happens; until then everything is of one turn. */
  | { do: 'settle' }
  | { do: 'time'; ms: number }
  | { do: 'decide'; as: 'anna' | 'nobody' }
  | { do: 'server'; session: number; what: 'send' | 'close' | 'abort' | 'answer' }

const small = fc.nat({ max: 5 })
const nearly = fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, fc.integer({ min: -2, max: 3 }))
const mostly = (right: boolean) => fc.constantFrom(right, right, right, right, right, !right)

const greeting: fc.Arbitrary<Greeting> = fc.record({
  session: fc.nat({ max: 2 }),
  rightKey: mostly(true),
  fresh: mostly(true),
  link: nearly,
  off: nearly,
  auth: fc.constantFrom('anna', 'anna', 'anna', 'berta', 'nobody', 'throws', 'slow'),
  v: fc.constantFrom(1, 1, 1, 1, 1, 1, 1, 2),
  gone: mostly(false),
})

const edits = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Edit[]>([]) },
  { weight: 1, arbitrary: fc.array(edit, { minLength: 1, maxLength: 3 }) },
)

const doorStep: fc.Arbitrary<DoorStep> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('arrive' as const),
      how: fc.constantFrom(
        'early' as const,
        'frame' as const,
        'frame' as const,
        'silent' as const,
        'early twice' as const,
      ),
      greeting,
      edits,
      behind: fc.option(peerFrame, { nil: undefined }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('post' as const),
      kind: fc.constantFrom('poll' as const, 'poll' as const, 'once' as const),
      name: fc.nat({ max: 2 }),
      off: nearly,
      greeting,
      edits,
      behind: fc.option(peerFrame, { nil: undefined }),
      closes: mostly(false),
      bodyEdits: edits,
      leaves: mostly(false),
    }),
  },
  { weight: 14, arbitrary: fc.record({ do: fc.constant('frame' as const), link: small, frame: peerFrame }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('leave' as const),
      link: small,
      code: fc.constantFrom(1000, 1001, 1006, 4400, 4409),
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.constantFrom(1, 9_999, 60_001) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('decide' as const),
      as: fc.constantFrom('anna' as const, 'nobody' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('server' as const),
      session: small,
      what: fc.constantFrom(
        'send' as const,
        'send' as const,
        'answer' as const,
        'answer' as const,
        'close' as const,
        'abort' as const,
      ),
    }),
  },
)

export const doorSteps: fc.Arbitrary<DoorStep[]> = fc.array(doorStep, {
  minLength: 1,
  maxLength: 30,
  size: 'max',
})
