/**
 * lastword in Node: `connect()` opens a session whose last message arrives.
 *
 * @packageDocumentation
 */
import { type AnyContract, ArgumentError } from '@lastword/protocol'
import { checkObject, checkOptionNames, Session, sessionOptionNames } from '@lastword/session'
import { nodeLinkOpener } from '@lastword/transport'
import { type ConnectOptions, webSocketUrl } from './connect-options.ts'
import { Connector } from './connector.ts'
import {
  type JournalOptions,
  type NoJournal,
  type OptionalJournal,
  openKept,
  type TakenSession,
} from './journaled.ts'

export { type TraceFile, type TraceToFileOptions, traceToFile } from '@lastword/session/trace-file'
export * from './public.ts'

/** What a client in Node may add: how the connection itself is made. */
export interface NodeConnectOptions<C = AnyContract> extends ConnectOptions<C> {
  /** TLS options as `tls.connect` takes them, such as `ca` for a certificate authority of one's own. */
  tls?: {
    ca?: string | Buffer | Array<string | Buffer>
    cert?: string | Buffer
    key?: string | Buffer
    servername?: string
    rejectUnauthorized?: boolean
  }
  /** HTTP headers of the upgrade request. */
  headers?: Record<string, string>
  /** The Origin header of the upgrade request; a browser sets its own. */
  origin?: string
}

/**
 * Opens a session that outlives this process: with `journal`, what was sent and is not known to be handled is sent on
 * when `connect` is called again with the same journal. Resolves with the session once the journal has it, and rejects
 * with a `JournalError` if that fails; nothing leaves before the journal holds it. See `session.restored` for what was
 * carried over, and `session.stored()`.
 */
export function connect<C = AnyContract>(
  url: string | URL,
  options: NodeConnectOptions<C> & JournalOptions,
): Promise<Session<C>>
/**
 * Opens a session with the server at `url` (ws:, wss:, http: or https:). Returns at once: what is sent before there
 * is a connection waits for it, and goes with its first frame. The session connects again by itself.
 *
 * Wait for `session.opened` to learn whether the server was reached; its errors are `HandshakeError`s.
 *
 * @throws ArgumentError for an address or option that cannot be used
 */
export function connect<C = AnyContract>(
  url: string | URL,
  options?: NodeConnectOptions<C> & NoJournal,
): Session<C>
/** With a journal that may be `undefined`: awaiting what is returned gives the session in both cases. */
export function connect<C = AnyContract>(
  url: string | URL,
  options: NodeConnectOptions<C> & OptionalJournal,
): Session<C> | Promise<Session<C>>
export function connect<C>(
  url: string | URL,
  options: NodeConnectOptions<C> & OptionalJournal = {},
): Session<C> | Promise<Session<C>> {
  checkObject('the options', options, 'Pass an object, or nothing.')
  checkOptionNames(options, optionNames)
  const { tls, headers, origin } = options
  if (tls !== undefined) checkObject('tls', tls, 'Pass { ca, cert, key, servername }.')
  if (headers !== undefined) checkObject('headers', headers, "Pass { authorization: '…' } or the like.")
  if (origin !== undefined && typeof origin !== 'string') {
    throw new ArgumentError('origin is not a string', "Use one like 'https://app.example'.")
  }
  if (options.sessionId !== undefined && options.journal === undefined) {
    throw new ArgumentError('sessionId names a session in a journal, and there is none', 'Pass journal too.')
  }
  const openLink = nodeLinkOpener({ ...tls, ...(headers && { headers }), ...(origin && { origin }) })
  const address = webSocketUrl(url)
  const make = (kept?: TakenSession) => new Connector(address, options as ConnectOptions, openLink, {}, kept)
  if (options.journal === undefined) return new Session<C>(make().core)
  return openKept<C>(address, options as ConnectOptions & JournalOptions, make)
}

const optionNames: Record<keyof NodeConnectOptions | keyof JournalOptions, true> = {
  ...sessionOptionNames,
  auth: true,
  early: true,
  reconnect: true,
  connectTimeoutMs: true,
  welcomeTimeoutMs: true,
  window: true,
  maxBytes: true,
  agent: true,
  onSessionLost: true,
  signal: true,
  openLink: true,
  fallback: true,
  journal: true,
  sessionId: true,
  onJournalFailure: true,
  tls: true,
  headers: true,
  origin: true,
}
