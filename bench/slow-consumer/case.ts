import type { BenchCase, Metric, Workload } from '../harness/types.ts'
import { type Stack, slowConsumerContender } from './contender.ts'
import { messageBytes, perSecond } from './work.ts'

const metrics: readonly Metric[] = [
  { key: 'perSecond', label: 'handled', unit: '1/s', better: 'more' },
  { key: 'senderResidentMb', label: 'sender, resident', unit: 'MB at most', better: 'less' },
  { key: 'receiverResidentMb', label: 'consumer, resident', unit: 'MB at most', better: 'less' },
  { key: 'senderHeapMb', label: 'sender, heap', unit: 'MB at most', better: 'less', plotted: false },
  { key: 'receiverHeapMb', label: 'consumer, heap', unit: 'MB at most', better: 'less', plotted: false },
]

const stacks: readonly Stack[] = [
  {
    id: 'ws',
    label: 'bare ws',
    server: 'slow-consumer-ws-server',
    client: 'slow-consumer-ws-client',
  },
  {
    id: 'ws-bounded',
    label: 'bare ws, callbacks and pause()',
    server: 'slow-consumer-ws-bounded-server',
    client: 'slow-consumer-ws-bounded-client',
  },
  {
    id: 'socket.io',
    label: 'Socket.IO emitWithAck()',
    server: 'slow-consumer-socket-io-server',
    client: 'slow-consumer-socket-io-client',
  },
  {
    id: 'lastword',
    label: 'lastword send() and ready',
    server: 'slow-consumer-lastword-server',
    client: 'slow-consumer-lastword-client',
  },
]

export const slowConsumer: BenchCase = {
  number: 6,
  id: 'slow-consumer',
  title: 'A slow consumer',
  about: `The sender has messages of ${messageBytes / 1024} KiB of JSON to send and sends them as fast as it may; the consumer handles ${perSecond.toLocaleString('en')} in a second, one after the other. Memory is the most that either process held, looked at every 20 ms; of what is resident, only what came to it since both were connected. Both are new in every round.`,
  workloads: ({ quick }) => [workloadOf(quick ? 3_000 : 12_000, quick ? 1 : 5)],
  targets: [],
}

function workloadOf(count: number, rounds: number): Workload {
  return {
    id: '16KiB',
    title: `${count.toLocaleString('en')} messages`,
    metrics,
    baseline: 'ws',
    rounds,
    async start() {
      return stacks.map((stack) => slowConsumerContender(stack, count))
    },
  }
}
