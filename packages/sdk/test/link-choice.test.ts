import type { LinkEnd, OpenLink } from '@lastword/transport'
import { describe, expect, it } from 'vitest'
import { LinkChoice } from '../src/link-choice.ts'

const socket: OpenLink = () => {
  throw new Error('never called here')
}
const polling: OpenLink = () => {
  throw new Error('never called here')
}

function failed(failure: LinkEnd['failure'], httpStatus?: number): LinkEnd {
  return {
    ...{
      code: 1006,
      reason: '',
      clean: false,
      opened: false,
      flushed: true,
      peerEnded: false,
      forced: false,
    },
    ...{ bytesUnsent: 0, failure, ...(httpStatus !== undefined && { httpStatus }) },
  } as LinkEnd
}

/** The ways of the first attempts, when each of them fails so. */
function waysOf(choice: LinkChoice, end: LinkEnd, attempts: number): string[] {
  return Array.from({ length: attempts }, () => {
    const way = choice.openLink === socket ? 'socket' : 'polling'
    choice.onFailed(end)
    return way
  })
}

describe('how links are made', () => {
  it('changes after two attempts that brought nothing, and then at each', () => {
    const choice = new LinkChoice(socket, polling)
    expect(waysOf(choice, failed('not-opened'), 6)).toEqual([
      ...['socket', 'socket', 'polling', 'socket', 'polling', 'socket'],
    ])
  })

  it.each([
    ['certificate', failed('certificate')],
    ['a server that does not speak lastword', failed('subprotocol-refused')],
    ['401', failed('upgrade-refused', 401)],
    ['403', failed('upgrade-refused', 403)],
  ])('does not change where the server itself has said no: %s', (_, end) => {
    const choice = new LinkChoice(socket, polling)
    expect(waysOf(choice, end, 4)).toEqual(['socket', 'socket', 'socket', 'socket'])
    expect(choice.untried).toBe(false)
  })

  it.each([400, 404, 426, 502])(
    'changes where a plain request may have been made of the upgrade: %s',
    (status) => {
      const choice = new LinkChoice(socket, polling)
      expect(waysOf(choice, failed('upgrade-refused', status), 3)).toEqual(['socket', 'socket', 'polling'])
    },
  )

  it.each([
    ['socket', 0],
    ['polling', 2],
  ])('stays with what has brought the session: %s', (way, failures) => {
    const choice = new LinkChoice(socket, polling)
    waysOf(choice, failed('not-opened'), failures)
    choice.onAttached()
    expect(waysOf(choice, failed('lost'), 5)).toEqual([way, way, way, way, way])
  })

  it('never changes without a fallback', () => {
    const choice = new LinkChoice(socket, undefined)
    expect(waysOf(choice, failed('not-opened'), 4)).toEqual(['socket', 'socket', 'socket', 'socket'])
    expect(choice.untried).toBe(false)
  })

  it('leaves a way untried until the fallback has failed', () => {
    const choice = new LinkChoice(socket, polling)
    const untried = Array.from({ length: 4 }, () => {
      choice.onFailed(failed('upgrade-refused', 404))
      return choice.untried
    })
    expect(untried).toEqual([true, true, false, false])
  })
})
