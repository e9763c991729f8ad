import type { Commands } from './harness/role.ts'

/**
 * What a process of the bench can be. Each is a module that exports `commands`; only the one that is asked for is loaded,
 * so that a library's memory and start are its own.
 */
export const roles = {
  'throughput-ws-server': () => import('./throughput/ws-server.ts'),
  'throughput-ws-client': () => import('./throughput/ws-client.ts'),
  'throughput-ws-cork-client': () => import('./throughput/ws-cork-client.ts'),
  'throughput-ws-ack-server': () => import('./throughput/ws-ack-server.ts'),
  'throughput-ws-ack-client': () => import('./throughput/ws-ack-client.ts'),
  'throughput-socket-io-server': () => import('./throughput/socket-io-server.ts'),
  'throughput-socket-io-client': () => import('./throughput/socket-io-client.ts'),
  'throughput-rpc-websockets-server': () => import('./throughput/rpc-websockets-server.ts'),
  'throughput-rpc-websockets-client': () => import('./throughput/rpc-websockets-client.ts'),
  'throughput-mqtt-server': () => import('./throughput/mqtt-server.ts'),
  'throughput-mqtt-client': () => import('./throughput/mqtt-client.ts'),
  'throughput-lastword-server': () => import('./throughput/lastword-server.ts'),
  'throughput-lastword-client': () => import('./throughput/lastword-client.ts'),
  'throughput-ceiling-server': () => import('./throughput/ceiling-server.ts'),
  'throughput-ceiling-client': () => import('./throughput/ceiling-client.ts'),
  'requests-ws-server': () => import('./requests/ws-server.ts'),
  'requests-ws-client': () => import('./requests/ws-client.ts'),
  'requests-ws-ids-server': () => import('./requests/ws-ids-server.ts'),
  'requests-ws-ids-client': () => import('./requests/ws-ids-client.ts'),
  'requests-socket-io-server': () => import('./requests/socket-io-server.ts'),
  'requests-socket-io-client': () => import('./requests/socket-io-client.ts'),
  'requests-rpc-websockets-server': () => import('./requests/rpc-websockets-server.ts'),
  'requests-rpc-websockets-client': () => import('./requests/rpc-websockets-client.ts'),
  'requests-lastword-server': () => import('./requests/lastword-server.ts'),
  'requests-lastword-client': () => import('./requests/lastword-client.ts'),
  'conversation-ws-server': () => import('./conversation/ws-server.ts'),
  'conversation-ws-client': () => import('./conversation/ws-client.ts'),
  'conversation-socket-io-server': () => import('./conversation/socket-io-server.ts'),
  'conversation-socket-io-client': () => import('./conversation/socket-io-client.ts'),
  'conversation-rpc-websockets-server': () => import('./conversation/rpc-websockets-server.ts'),
  'conversation-rpc-websockets-client': () => import('./conversation/rpc-websockets-client.ts'),
  'conversation-http-server': () => import('./conversation/http-server.ts'),
  'conversation-http-client': () => import('./conversation/http-client.ts'),
  'conversation-lastword-server': () => import('./conversation/lastword-server.ts'),
  'conversation-lastword-client': () => import('./conversation/lastword-client.ts'),
  'idle-memory-ws-server': () => import('./idle-memory/ws-server.ts'),
  'idle-memory-ws-client': () => import('./idle-memory/ws-client.ts'),
  'idle-memory-socket-io-server': () => import('./idle-memory/socket-io-server.ts'),
  'idle-memory-socket-io-client': () => import('./idle-memory/socket-io-client.ts'),
  'idle-memory-lastword-server': () => import('./idle-memory/lastword-server.ts'),
  'idle-memory-lastword-client': () => import('./idle-memory/lastword-client.ts'),
  'slow-consumer-ws-server': () => import('./slow-consumer/ws-server.ts'),
  'slow-consumer-ws-client': () => import('./slow-consumer/ws-client.ts'),
  'slow-consumer-ws-bounded-server': () => import('./slow-consumer/ws-bounded-server.ts'),
  'slow-consumer-ws-bounded-client': () => import('./slow-consumer/ws-bounded-client.ts'),
  'slow-consumer-socket-io-server': () => import('./slow-consumer/socket-io-server.ts'),
  'slow-consumer-socket-io-client': () => import('./slow-consumer/socket-io-client.ts'),
  'slow-consumer-lastword-server': () => import('./slow-consumer/lastword-server.ts'),
  'slow-consumer-lastword-client': () => import('./slow-consumer/lastword-client.ts'),
  'growth-lastword-server': () => import('./growth/lastword-server.ts'),
  'growth-lastword-client': () => import('./growth/lastword-client.ts'),
  'growth-ws-server': () => import('./growth/ws-server.ts'),
  'growth-ws-client': () => import('./growth/ws-client.ts'),
} satisfies Record<string, () => Promise<{ commands: Commands }>>

export type RoleName = keyof typeof roles

/** The commands of a role, as whoever tells them has to give and take them. */
export type CommandsOf<R extends RoleName> = R extends RoleName
  ? Awaited<ReturnType<(typeof roles)[R]>>['commands']
  : never
