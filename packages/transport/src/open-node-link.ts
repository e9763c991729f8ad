import type { Agent } from 'node:http'
import type { SecureContextOptions } from 'node:tls'
import WebSocket from 'isomorphic-ws'
import type { OpenLink } from './link.ts'
import { createNodeLink } from './node-link.ts'
import { type TlsMemory, tlsMemory } from './tls-memory.ts'

/**
 * How a Node client connects. These and every other client option of `ws` are handed to it; frames are not
 * compressed unless `perMessageDeflate` asks for it. (`generateMask` is asked only where they are: all others are masked here.)
 */
export interface NodeClientOptions extends SecureContextOptions {
  /** Sent with the upgrade request: cookies, authorization. */
  headers?: Record<string, string>
  /** The `Origin` header. */
  origin?: string
  /** Set to false, any certificate is taken. Only for tests: name the authority in `ca` instead. @default true */
  rejectUnauthorized?: boolean
  /** The name that the server's certificate must hold for, and that SNI sends. */
  servername?: string
  agent?: Agent
  /** 4 or 6; both are tried otherwise. */
  family?: number
  localAddress?: string
  /** @default false */
  perMessageDeflate?: boolean | object
  [option: string]: unknown
}

/**
 * An `OpenLink` with options of its own for each connection: certificates, headers, an agent.
 *
 *     const openLink = nodeLinkOpener({ ca: readFileSync('authority.pem'), headers: { authorization } })
 */
export function nodeLinkOpener(clientOptions: NodeClientOptions = {}): OpenLink {
  return (url, options) => {
    const { frameBytesMax } = options
    const socket = new WebSocket(parsed(url), options.protocols, {
      perMessageDeflate: false,
      ...asNodeSetsThem,
      ...memoryFor(url, clientOptions),
      // A larger frame is refused before it has been read.
      ...(frameBytesMax !== undefined && { maxPayload: frameBytesMax }),
      ...clientOptions,
    })
    return createNodeLink(socket, options)
  }
}

/**
 * What Node sets in its copy of a socket's options, in any case. V8 gives an object that begins with a spread (`{ ...options }`)
 * a hidden class of its own for each property that is added to it later, so that each look at such options is one at
 * an object of a kind that was never seen before: that made a socket take 15 µs instead of 4. Nothing is added if all
 * of them are there already.
 */
const asNodeSetsThem = { allowHalfOpen: false, emitClose: false, autoDestroy: true, decodeStrings: false }

/** The URL that was parsed last: mostly it is the next one as well, and `ws` only reads it. */
let latest: { text: string; url: URL } | undefined

function parsed(text: string): URL | string {
  if (latest?.text === text) return latest.url
  try {
    latest = { text, url: new URL(text) }
    return latest.url
  } catch {
    // `ws` says what is wrong with it.
    return text
  }
}

/** Makes a link over `ws` with its defaults. Throws if the URL or a subprotocol is not well-formed. */
export const openNodeLink: OpenLink = nodeLinkOpener()

/**
 * Nothing where the URL alone does not tell which server it will be, whose certificate is looked at once for many
 * connections: a server may point to another one, and an agent asks for the name in a `Host` header, remembers by itself,
 * or goes through a proxy.
 */
function memoryFor(url: string, options: NodeClientOptions): TlsMemory | undefined {
  if (!url.startsWith('wss://') || options.followRedirects || options.agent) return undefined
  try {
    return tlsMemory(hostOf(url), maybeTlsOptions(options))
  } catch {
    // Certificates that cannot be read: the connection fails by them, as by whatever else is wrong, and says so.
    return undefined
  }
}

/** All options but those that have nothing to do with TLS and are mostly made anew for each connection. */
function maybeTlsOptions({ headers: _, origin: __, ...rest }: NodeClientOptions): NodeClientOptions {
  return rest
}

/** Host and port, as they stand in a well-formed URL: it is only compared. */
function hostOf(url: string): string {
  return url.slice('wss://'.length).split(/[/?#]/, 1)[0] as string
}
