import type { AnyContract } from '@lastword/protocol'
import type { Session, SessionOptions } from '@lastword/session'
import type { ConnectOptions } from '../connect-options.ts'

/** What is not in a page's client: see docs/pages.md. */
export interface PageConnectOptions<C = AnyContract>
  extends Omit<SessionOptions<C>, 'trace'>,
    Pick<
      ConnectOptions,
      | 'auth'
      | 'early'
      | 'reconnect'
      | 'connectTimeoutMs'
      | 'welcomeTimeoutMs'
      | 'window'
      | 'maxBytes'
      | 'agent'
      | 'signal'
      | 'fallback'
    > {}

/** A session as a page has it: what `Session` offers, without streams, statistics, traces and journals. */
export type PageSession<C = AnyContract> = Pick<
  Session<C>,
  | 'id'
  | 'state'
  | 'opened'
  | 'closed'
  | 'ready'
  | 'send'
  | 'request'
  | 'handle'
  | 'note'
  | 'onNote'
  | 'on'
  | 'off'
  | 'close'
  | 'abort'
  | typeof Symbol.asyncIterator
  | typeof Symbol.asyncDispose
>
