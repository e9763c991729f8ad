import { HandshakeError } from '@lastword/protocol'
import type { LinkEnd } from '@lastword/transport'

/** Says in plain words why a link brought no session. */
export function handshakeError(end: LinkEnd, url: string, sessionId: string): HandshakeError {
  const details = { sessionId, cause: end.error, httpStatus: end.httpStatus }
  const where = withoutSecrets(url)
  switch (end.failure) {
    case 'unreachable':
      return new HandshakeError('unreachable', `${where} cannot be reached${because(end)}`, {
        ...details,
        remedy: 'Check the address (ws or wss, host, port), and that the server is running.',
      })
    case 'certificate':
      return new HandshakeError('certificate', `the certificate of ${where} is not trusted${because(end)}`, {
        ...details,
        remedy: 'Install a certificate that is valid for this name, or pass its authority as tls.ca.',
      })
    case 'upgrade-refused':
      return new HandshakeError(
        'upgrade-refused',
        `${where} refused the upgrade with HTTP ${end.httpStatus}`,
        {
          ...details,
          remedy:
            (end.httpStatus ?? 0) >= 500
              ? 'The server, or what stands before it, has a problem of its own: try again later.'
              : 'Check the path, and what the server asks of a client (cookies, headers, origin).',
        },
      )
    case 'subprotocol-refused':
      return new HandshakeError(
        'subprotocol-refused',
        `${where} is a WebSocket server that does not speak lastword`,
        {
          ...details,
          remedy: 'Add the server adapter to it, and pass its handleProtocols to the WebSocketServer.',
        },
      )
    case 'not-opened':
      return new HandshakeError(
        'not-opened',
        `no connection to ${where} could be made; the browser does not say why`,
        {
          ...details,
          remedy:
            'Look at the network panel: the address, the certificate, the server, or that it does not speak lastword.',
        },
      )
    default:
      return new HandshakeError(
        'no-welcome',
        `${where} accepted the connection and did not welcome the session`,
        {
          ...details,
          remedy: 'Check that the server has the adapter: wss.on("connection", adapter.connection()).',
        },
      )
  }
}

/** Says that nobody spoke on links that had opened: `times` in a row. */
export function noWelcome(times: number, ms: number, url: string, sessionId: string): HandshakeError {
  const inARow = times === 1 ? '' : `, ${times} times in a row`
  return new HandshakeError(
    'no-welcome',
    `${withoutSecrets(url)} accepted the connection and did not welcome the session within ${ms} ms${inARow}`,
    {
      sessionId,
      remedy:
        'Check that the server has the adapter: wss.on("connection", adapter.connection()). A WebSocketServer without handleProtocols selects any subprotocol, also one that nobody speaks there.',
    },
  )
}

/** Says why the platform made no connection at all: it will not make one for this address the next time either. */
export function notMade(cause: unknown, url: string, sessionId: string): HandshakeError {
  const said = cause instanceof Error ? cause.message : String(cause)
  const why = said.replaceAll(url, withoutSecrets(url))
  return new HandshakeError('not-opened', `no connection to ${withoutSecrets(url)} can be made: ${why}`, {
    sessionId,
    cause,
    remedy: 'Check the address and the options; a page that came over https needs wss:.',
  })
}

/** Says that the application had no credentials, so that no connection was made. */
export function noAuth(cause: unknown, sessionId: string): HandshakeError {
  return new HandshakeError('not-opened', 'no connection was made: auth failed, or took too long', {
    sessionId,
    cause,
    remedy: 'Look at the cause. The session asks auth again with the next attempt; abort() ends it.',
  })
}

function because(end: LinkEnd): string {
  const code = (end.error as { code?: string } | undefined)?.code
  const why = code ?? end.error?.message
  return why ? ` (${why})` : ''
}

/** Query strings carry tokens; errors are logged. */
export function withoutSecrets(url: string): string {
  return url.replace(/[?#].*$/, '').replace(/\/\/[^/@]*@/, '//')
}
