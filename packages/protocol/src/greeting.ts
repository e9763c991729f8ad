import type { HelloEnvelope, Json, WelcomeEnvelope } from './envelope.ts'
import { limits } from './limits.ts'
import type { SessionConfig } from './session-io.ts'

/** The first envelope of a link. `link` counts the client's links, `got` is what it has received. */
export function composeHello(
  config: SessionConfig,
  link: number,
  fresh: boolean,
  got: number,
  auth: Json | undefined,
): HelloEnvelope {
  const hello: HelloEnvelope = {
    t: 'hello',
    v: limits.version,
    sid: config.sid,
    key: config.key,
    link,
    fresh,
    got,
    window: config.window,
    maxBytes: config.maxBytes,
  }
  if (auth !== undefined) hello.auth = auth
  if (config.agent !== undefined) hello.agent = config.agent
  return hello
}

/** The server's answer to `hello`. */
export function composeWelcome(config: SessionConfig, resumed: boolean, got: number): WelcomeEnvelope {
  return {
    t: 'welcome',
    sid: config.sid,
    resumed,
    got,
    window: config.window,
    ttl: config.ttlMs,
    keepalive: config.keepaliveMs,
    maxBytes: config.maxBytes,
  }
}
