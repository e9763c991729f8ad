import type { ClientRequest } from 'node:http'
import { createSecureContext, type SecureContext, type SecureContextOptions, type TLSSocket } from 'node:tls'

/** What `ws` is given besides, so that the next connection to the same server costs less. */
export interface TlsMemory {
  secureContext: SecureContext
  session: Buffer | undefined
  finishRequest(request: ClientRequest): void
}

/**
 * What connections with the same TLS options share: the context made of certificates, which takes longer to make than
 * a session of lastword, and for each server the TLS session, with which both sides save the work of another key
 * exchange with certificates. As with `https.Agent` and in browsers, the server's certificate is not looked at again as
 * long as the server resumes the session; so one is only used again with options that are equal in all respects.
 */
export function tlsMemory(host: string, options: SecureContextOptions & Record<string, unknown>): TlsMemory {
  const { secureContext, sessions } = sharedBy(options)
  return {
    secureContext,
    session: sessions.get(host),
    finishRequest(request) {
      request.once('socket', (socket: TLSSocket) => {
        socket.on('session', (session) => keepLatest(sessions, host, session))
      })
      // It may be the session that the server does not like.
      request.once('error', () => sessions.delete(host))
      request.end()
    },
  }
}

/** Of connections with the same TLS options. */
interface Shared {
  readonly options: ReadonlyArray<readonly [name: string, value: unknown]>
  readonly secureContext: SecureContext
  /** By host and port, the one that was used last is the last one. */
  readonly sessions: Map<string, Buffer>
}

/** The one that was used last is the first one. */
const inUse: Shared[] = []
const sharedMax = 16
const sessionsMax = 64

function sharedBy(given: SecureContextOptions & Record<string, unknown>): Shared {
  const options = Object.entries(given)
  const index = inUse.findIndex((shared) => areSame(shared.options, options))
  const found = inUse[index] ?? {
    options: options.map(([name, value]) => [name, copyOf(value)] as const),
    secureContext: createSecureContext(given),
    sessions: new Map(),
  }
  if (index !== 0) {
    if (index > 0) inUse.splice(index, 1)
    inUse.unshift(found)
    inUse.length = Math.min(inUse.length, sharedMax)
  }
  return found
}

function areSame(some: Shared['options'], others: Shared['options']): boolean {
  return (
    some.length === others.length &&
    some.every(([name, value], n) => name === others[n]?.[0] && isSame(value, others[n]?.[1]))
  )
}

function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (Buffer.isBuffer(one)) return Buffer.isBuffer(other) && one.equals(other)
  if (!Array.isArray(one) || !Array.isArray(other) || one.length !== other.length) return false
  return one.every((value, n) => isSame(value, other[n]))
}

/** Whoever changes a list of authorities, or a key, in its place means the connections that come after that. */
function copyOf(value: unknown): unknown {
  if (Buffer.isBuffer(value)) return Buffer.from(value)
  return Array.isArray(value) ? value.map(copyOf) : value
}

function keepLatest(sessions: Map<string, Buffer>, host: string, session: Buffer): void {
  sessions.delete(host)
  sessions.set(host, session)
  if (sessions.size <= sessionsMax) return
  const [oldest] = sessions.keys()
  sessions.delete(oldest as string)
}
