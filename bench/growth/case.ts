import type { BenchCase } from '../harness/types.ts'
import { burstWorkloads } from './bursts.ts'
import { sessionsWorkload } from './sessions.ts'

export const growth: BenchCase = {
  number: 7,
  id: 'growth',
  title: 'How the cost grows',
  about:
    'What a message costs with more connections, more messages in flight, larger messages, and with a journal. Over more connections each message goes to another one than the one before, so that it is alone in its frame with any number of them; bare ws does the same, for its own cost grows too. Everything else is on one connection.',
  workloads: ({ quick }) => [sessionsWorkload(quick), ...(quick ? [] : burstWorkloads())],
  targets: [
    {
      workload: 'sessions',
      contender: 'lastword-10000',
      metric: 'cpuSecondsPerMillion',
      over: 'lastword-10',
      atMost: 1.3,
    },
  ],
}
