import { createHash, timingSafeEqual } from 'node:crypto'

/** Compares two secrets in a time that does not tell where they differ, nor how long either is. */
export function sameSecret(a: string, b: string): boolean {
  return timingSafeEqual(digest(a), digest(b))
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
