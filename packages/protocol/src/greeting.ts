import type { Json } from './envelope.ts'
import { limits } from './limits.ts'
import type { SessionConfig } from './session-io.ts'

// Greetings are put together as text: nothing in them but `auth` and `agent` needs to be escaped, and to make an object
// for `JSON.stringify` to walk over takes three times as long, of each connection.

/** The first envelope of a link. `link` counts the client's links, `got` is what it has received. */
export function encodeHello(
  { sid, key, window, maxBytes, agent }: SessionConfig,
  link: number,
  fresh: boolean,
  got: number,
  auth: Json | undefined,
): string {
  let hello = `{"t":"hello","v":${limits.version},"sid":"${sid}","key":"${key}","link":${link},"fresh":${fresh},"got":${got},"window":{"messages":${window.messages},"bytes":${window.bytes}},"maxBytes":${maxBytes}`
  if (auth !== undefined) hello += `,"auth":${JSON.stringify(auth)}`
  if (agent !== undefined) hello += `,"agent":${JSON.stringify(agent)}`
  return `${hello}}`
}

/** The server's answer to `hello`. */
export function encodeWelcome(
  { sid, window, ttlMs, keepaliveMs, maxBytes }: SessionConfig,
  resumed: boolean,
  got: number,
): string {
  return `{"t":"welcome","sid":"${sid}","resumed":${resumed},"got":${got},"window":{"messages":${window.messages},"bytes":${window.bytes}},"ttl":${ttlMs},"keepalive":${keepaliveMs},"maxBytes":${maxBytes}}`
}
