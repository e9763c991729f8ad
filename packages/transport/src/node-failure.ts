import type { LinkFailure } from './link.ts'

/**
 * Whether a connection that was not made failed for its certificate. Node names one that does not verify by OpenSSL's
 * X.509 error. Other faults of the handshake (`EPROTO`, `ERR_SSL_…`: most often a server that does not speak TLS on
 * that port) are no certificate's, and may be over when it is tried again.
 */
export function connectFailure(error: Error | undefined): LinkFailure {
  const code = (error as { code?: unknown } | undefined)?.code
  if (typeof code !== 'string') return 'unreachable'
  const certificate = certificateCodes.has(code) || /^(CERT_|CRL_|UNABLE_TO_|ERR_TLS_CERT_)/.test(code)
  return certificate ? 'certificate' : 'unreachable'
}

/** The X.509 error codes of Node's TLS documentation that the pattern above does not catch. */
const certificateCodes = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'ERROR_IN_CRL_LAST_UPDATE_FIELD',
  'ERROR_IN_CRL_NEXT_UPDATE_FIELD',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'HOSTNAME_MISMATCH',
])
