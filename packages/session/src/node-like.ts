/**
 * True in Node, Bun and Deno. What bundlers put into pages in place of `process` and `Buffer` has the same functions, but ticks that are
 * timers, which a tab in the background holds up, and texts that are made bytes one character after another.
 */
export const nodeLike: boolean =
  (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !== undefined
