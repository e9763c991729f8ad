import { createHash, timingSafeEqual } from 'node:crypto'

/** Compares two secrets in a time that does not tell where they differ, nor how long either is. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

/**
 * What a server stores of a session's key: its SHA-256 in base64url. Keys are drawn at random and long, so that nobody
 * finds one by its digest; whoever reads the journal cannot resume the session.
 */
export function keyDigest(key: string): string {
  return digest(key).toString('base64url')
}

/** Whether the digest is this key's, in a time that tells nothing of either. */
export function fitsKeyDigest(key: string, stored: string): boolean {
  // Both are digested again: what is stored may be of any length.
  return sameSecret(keyDigest(key), stored)
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
