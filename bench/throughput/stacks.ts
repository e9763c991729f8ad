import type { Stack } from './contender.ts'

/** Who takes part; the first one is the baseline. */
export const stacks: readonly Stack[] = [
  { id: 'ws', label: 'bare ws, no ack', server: 'throughput-ws-server', client: 'throughput-ws-client' },
  {
    id: 'lastword',
    label: 'lastword send()',
    server: 'throughput-lastword-server',
    client: 'throughput-lastword-client',
  },
]
