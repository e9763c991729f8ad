import type { Commands } from './harness/role.ts'

/**
 * What a process of the bench can be. Each is a module that exports `commands`; only the one that is asked for is loaded,
 * so that a library's memory and start are its own.
 */
export const roles = {
  'throughput-ws-server': () => import('./throughput/ws-server.ts'),
  'throughput-ws-client': () => import('./throughput/ws-client.ts'),
  'throughput-lastword-server': () => import('./throughput/lastword-server.ts'),
  'throughput-lastword-client': () => import('./throughput/lastword-client.ts'),
} satisfies Record<string, () => Promise<{ commands: Commands }>>

export type RoleName = keyof typeof roles

/** The commands of a role, as whoever tells them has to give and take them. */
export type CommandsOf<R extends RoleName> = R extends RoleName
  ? Awaited<ReturnType<(typeof roles)[R]>>['commands']
  : never
