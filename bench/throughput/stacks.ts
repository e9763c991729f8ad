import type { Stack } from './contender.ts'
import { isBinary, isLarge } from './payload.ts'
import type { PayloadName } from './work.ts'

interface Entrant extends Stack {
  /** Takes part with large payloads in a quick run, and in the extra workloads: who stands in a target. */
  readonly inTargets?: boolean
  /** Why it does not take part there, or `undefined` where it does. */
  absent?(payload: PayloadName, scheme: 'ws' | 'wss'): string | undefined
}

/** The first one is the baseline. */
export const entrants: readonly Entrant[] = [
  {
    id: 'ws',
    label: 'bare ws, no ack',
    server: 'throughput-ws-server',
    client: 'throughput-ws-client',
    inTargets: true,
  },
  {
    id: 'ws-cork',
    label: 'bare ws, no ack, corked',
    server: 'throughput-ws-server',
    client: 'throughput-ws-cork-client',
  },
  {
    id: 'ws-ack',
    label: 'bare ws, a JSON ack for each',
    server: 'throughput-ws-ack-server',
    client: 'throughput-ws-ack-client',
  },
  {
    id: 'socket.io',
    label: 'Socket.IO emitWithAck()',
    server: 'throughput-socket-io-server',
    client: 'throughput-socket-io-client',
    inTargets: true,
  },
  {
    id: 'rpc-websockets',
    label: 'rpc-websockets call()',
    server: 'throughput-rpc-websockets-server',
    client: 'throughput-rpc-websockets-client',
    absent(payload, scheme) {
      if (isBinary(payload)) return 'it speaks JSON alone'
      if (payload === '64B' || scheme === 'ws') return undefined
      return 'it begins to wait for a reply when the call has left, and over TLS replies come earlier than that and are lost'
    },
  },
  {
    id: 'mqtt',
    label: 'mqtt.js to aedes, QoS 1',
    server: 'throughput-mqtt-server',
    client: 'throughput-mqtt-client',
  },
  {
    id: 'lastword',
    label: 'lastword send()',
    server: 'throughput-lastword-server',
    client: 'throughput-lastword-client',
    inTargets: true,
  },
  {
    id: 'ceiling',
    label: 'ceiling: 64 to a frame, one ack a frame',
    server: 'throughput-ceiling-server',
    client: 'throughput-ceiling-client',
    absent: (payload) =>
      isLarge(payload) ? 'frames of 64 of these would not be frames that anybody sends' : undefined,
  },
]
