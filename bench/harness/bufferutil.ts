import { createRequire } from 'node:module'

/** Whether the native part that ws takes for masking is there, and not its stand-in in JavaScript. */
export function bufferutilIsNative(): boolean {
  const require = createRequire(import.meta.url)
  try {
    return require('bufferutil').mask !== require('bufferutil/fallback').mask
  } catch {
    return false
  }
}
