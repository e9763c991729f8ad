import type { SessionMachine, SessionOutput } from '@lastword/protocol'
import type { LinkEnd, LinkEvents } from '@lastword/transport'
import { expect, test } from 'vitest'
import { SessionDriver } from '../src/session-driver.ts'
import { memoryLinks } from './memory-link.ts'
import { deferred, outcomeOf, TestPlatform } from './pair.ts'

const lost: LinkEnd = {
  code: 1006,
  reason: '',
  clean: false,
  opened: false,
  failure: 'unreachable',
  flushed: true,
  peerEnded: false,
  forced: false,
  bytesUnsent: 0,
}

/** A machine that says what it is told to, and nothing else. */
function machineThatSays(outputs: SessionOutput<unknown>[]): SessionMachine<unknown> {
  const machine: Partial<SessionMachine<unknown>> = {
    handle() {},
    pollPiecesOf: () => undefined,
    takeOutputs: () => outputs.splice(0),
    nextTimeout: () => Number.POSITIVE_INFINITY,
  }
  return machine as SessionMachine<unknown>
}

test('a link that failed while it was opened is not waited for, although another one has still to end', async () => {
  const platform = new TestPlatform()
  const outputs: SessionOutput<unknown>[] = []
  const events = { onOutput() {}, onLinkEnd() {}, onWritten() {}, onJournalFailed() {} }
  const driver = new SessionDriver(machineThatSays(outputs), platform, events, undefined, undefined)
  const [[closing], [opening]] = [memoryLinks(), memoryLinks()]
  const closed = deferred<LinkEnd>()
  closing.close = () => closed.promise
  let fail = () => {}
  opening.attach = (listener: LinkEvents) => {
    fail = () => listener.onEnd(lost)
  }
  driver.bind(1, closing, { frame: undefined, early: false })
  driver.bind(2, opening, { frame: undefined, early: false })
  await platform.settle()
  outputs.push({ type: 'link-close', link: 1, code: 1000, reason: '', last: undefined, peerDone: false })
  driver.input({ type: 'timeout' })

  const ended = driver.linksEnded(5_000)
  fail()
  await platform.settle()
  expect(await outcomeOf(ended)).toBe('pending')
  closed.resolve(lost)
  expect(await outcomeOf(ended)).toEqual({ value: undefined })
})
