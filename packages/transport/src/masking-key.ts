import { randomFillSync } from 'node:crypto'

/** A masking key, which nobody can foresee (RFC 6455, section 5.3): a new one for each frame, drawn many at a time. */
export function nextMaskingKey(): number {
  if (left === 0) {
    keys ??= new Int32Array(2048)
    randomFillSync(keys)
    left = keys.length
  }
  left -= 1
  return (keys as Int32Array)[left] as number
}

let keys: Int32Array | undefined
let left = 0
