import { checkFileLimit } from '../../soak/sessions/file-limit.ts'
import type { BenchCase, Metric, Workload } from '../harness/types.ts'
import { idleMemoryContender, type Stack } from './contender.ts'

const connections = 5_000

const metrics: readonly Metric[] = [
  { key: 'residentKb', label: 'resident memory', unit: 'kB a connection', better: 'less' },
  { key: 'heapKb', label: 'heap and buffers', unit: 'kB a connection', better: 'less' },
  {
    key: 'residentOldKb',
    label: 'resident, without the young generation',
    unit: 'kB a connection',
    better: 'less',
    plotted: false,
  },
]

const stacks: readonly Stack[] = [
  { id: 'ws', label: 'bare ws', server: 'idle-memory-ws-server', client: 'idle-memory-ws-client' },
  {
    id: 'socket.io',
    label: 'Socket.IO',
    server: 'idle-memory-socket-io-server',
    client: 'idle-memory-socket-io-client',
  },
  {
    id: 'lastword',
    label: 'lastword',
    server: 'idle-memory-lastword-server',
    client: 'idle-memory-lastword-client',
  },
]

export const idleMemory: BenchCase = {
  number: 5,
  id: 'idle-memory',
  title: 'Memory of an idle connection, on the server',
  about: `What ${connections.toLocaleString('en')} connections over ws:// add to a server process that had 50, divided by their number, both times after full collections of garbage. Both processes are new in every round. Resident memory is what the machine has to have, and what the target is about; some of it (about 4.5 kB a connection, the same for everybody) is the young generation, which the engine has made larger while the connections were opened, and keeps empty. The heap has nothing of that, nor of what sockets take outside of it.`,
  workloads: ({ quick }) => [
    workloadOf('used', true, quick ? 1 : 5),
    ...(quick ? [] : [workloadOf('unused', false, 3)]),
  ],
  targets: [{ workload: 'used', contender: 'lastword', metric: 'residentKb', over: 'ws', atMost: 1.4 }],
}

function workloadOf(id: string, used: boolean, rounds: number): Workload {
  return {
    id,
    title: used ? 'Idle after one request and its reply' : 'Idle from the beginning',
    metrics,
    baseline: 'ws',
    rounds,
    async start() {
      checkFileLimit(connections)
      return stacks.map((stack) => idleMemoryContender(stack, { connections, used }))
    },
  }
}
