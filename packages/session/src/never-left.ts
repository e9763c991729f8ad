import type { LinkEnd } from '@lastword/transport'

/**
 * True if it is certain that nothing of an upgrade request reached anybody: no connection was made, or the client
 * refused the server's certificate before it sent anything. A connection that broke later may have carried it.
 */
export function requestNeverLeft(end: LinkEnd): boolean {
  if (end.opened) return false
  const { error } = end
  if (end.failure === 'certificate') return !/^(EPROTO|ERR_SSL_)/.test(codeOf(error))
  return end.failure === 'unreachable' && failedToConnect(error)
}

/** Node says which step failed; where it tried several addresses, each of them has its error. */
function failedToConnect(error: unknown): boolean {
  const { syscall, errors } = (error ?? {}) as { syscall?: string; errors?: unknown[] }
  if (Array.isArray(errors) && errors.length > 0) return errors.every(failedToConnect)
  return syscall === 'connect' || syscall === 'getaddrinfo'
}

function codeOf(error: unknown): string {
  return String((error as { code?: unknown } | undefined)?.code ?? '')
}
