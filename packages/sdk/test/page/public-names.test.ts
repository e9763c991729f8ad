// A page's build shortens the names of properties, but not those that go over the wire or that applications see.

import type { Envelope, Window } from '@lastword/protocol'
import type { CloseOptions, CloseReport, IncomingMessage, SendOptions, SessionEvents } from '@lastword/sdk'
import { expect, test } from 'vitest'
import type { PageJournalWithClient } from '../../src/handover.ts'
import type { PageConnectOptions, PageSession } from '../../src/page/connect-options.ts'
import * as page from '../../src/page/index.ts'
import { publicNames } from '../../src/page/public-names.mjs'
import type { BackoffOptions, ReconnectContext, ReconnectPolicy } from '../../src/reconnect-policy.ts'

/** The keys of every member of a union. */
type Keys<T> = T extends unknown ? Extract<keyof T, string> : never
type Names<T> = Record<Keys<T>, true>

const wire: Names<Envelope | Window> = {
  t: true,
  v: true,
  sid: true,
  key: true,
  link: true,
  fresh: true,
  got: true,
  window: true,
  messages: true,
  bytes: true,
  maxBytes: true,
  auth: true,
  agent: true,
  gone: true,
  resumed: true,
  ttl: true,
  keepalive: true,
  seq: true,
  id: true,
  d: true,
  ch: true,
  re: true,
  ask: true,
  again: true,
  err: true,
  meta: true,
  n: true,
  also: true,
  code: true,
  reason: true,
  k: true,
  after: true,
  location: true,
}

const session: Names<PageSession> = {
  id: true,
  state: true,
  opened: true,
  closed: true,
  ready: true,
  send: true,
  request: true,
  handle: true,
  note: true,
  onNote: true,
  on: true,
  off: true,
  close: true,
  abort: true,
}

const told: Names<
  | CloseReport
  | CloseReport['incoming']
  | Exclude<SessionEvents[keyof SessionEvents], undefined | Error | IncomingMessage>
> = {
  clean: true,
  code: true,
  reason: true,
  by: true,
  handledTotal: true,
  handled: true,
  received: true,
  unknown: true,
  notSent: true,
  incoming: true,
  unhandled: true,
  attempt: true,
  downMs: true,
  afterMs: true,
  location: true,
}

/** What a message has for its session only. */
type ForTheSession =
  | 'whenHandled'
  | 'settle'
  | 'cancelledBy'
  | 'cancel'
  | 'noteUnhandled'
  | 'open'
  | 'openBefore'
  | 'openAfter'

const message: Omit<Names<IncomingMessage>, ForTheSession> = {
  name: true,
  payload: true,
  id: true,
  meta: true,
  isRequest: true,
  redelivered: true,
  seq: true,
  signal: true,
  answered: true,
  reply: true,
  fail: true,
}

const options: Names<
  | PageConnectOptions
  | SendOptions
  | CloseOptions
  | BackoffOptions
  | ReconnectPolicy
  | ReconnectContext
  | Pick<PageJournalWithClient, 'connect'>
> = {
  contract: true,
  concurrency: true,
  queuedBytesMax: true,
  onFull: true,
  halfOpen: true,
  auth: true,
  early: true,
  reconnect: true,
  connectTimeoutMs: true,
  welcomeTimeoutMs: true,
  window: true,
  maxBytes: true,
  agent: true,
  signal: true,
  fallback: true,
  id: true,
  meta: true,
  redelivered: true,
  code: true,
  reason: true,
  timeoutMs: true,
  minMs: true,
  maxMs: true,
  attemptsMax: true,
  random: true,
  nextDelayMs: true,
  attempt: true,
  downMs: true,
  error: true,
  welcomed: true,
  silentLinks: true,
  untried: true,
  connect: true,
}

const fields =
  'name code message sessionId cause fate messageId issues remoteCode wireCode by reason payload reply value journal socket'

test('every name that goes over the wire, or that an application sees, is in the list that the build leaves alone', () => {
  const all = [wire, session, told, message, options].flatMap((names) => Object.keys(names))
  const exported = Object.keys(page)
  for (const name of [...all, ...exported, ...fields.split(' ')]) expect(publicNames).toContain(name)
})

test('a page exports what it says', () => {
  expect(Object.keys(page).sort()).toEqual([
    'ArgumentError',
    'DeliveryError',
    'HandshakeError',
    'LastwordError',
    'PayloadError',
    'ProtocolError',
    'QueueFullError',
    'RemoteError',
    'SessionClosedError',
    'backoff',
    'connect',
  ])
})
