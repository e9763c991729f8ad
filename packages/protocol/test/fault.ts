import { expect } from 'vitest'
import { PeerFault } from '../src/peer-fault.ts'

/** The PeerFault that `run` throws. Anything else, or nothing, fails the test. */
export function faultOf(run: () => unknown): PeerFault {
  try {
    run()
  } catch (error) {
    if (error instanceof PeerFault) return error
    throw new Error('threw something else than a PeerFault', { cause: error })
  }
  return expect.fail('was not refused')
}
