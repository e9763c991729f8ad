import { WebSocket as UndiciWebSocket } from 'undici'
import { WebSocket as WsWebSocket } from 'ws'
import { candidate } from '../payloads.ts'
import { type BareMessage, decode, encode } from './bare-message.ts'
import { type ClientStack, candidatesPerTrickle, type RoundPlan } from './client-stack.ts'

/** What both WebSocket clients have in common, and all that a round needs. */
interface BareSocket {
  binaryType: string
  readonly readyState: number
  addEventListener(type: 'open' | 'error' | 'close' | 'message', listener: (event: BareEvent) => void): void
  send(data: string | Uint8Array): void
  close(code?: number): void
}

interface BareEvent {
  data?: unknown
  code?: number
  message?: string
}

const open = 1
/** How long a connection may take to end once its Answer is there, in ms. */
const endMs = 2_000

/** A client over `ws`, as its documentation shows it. */
export const wsClient: ClientStack = (plan) => {
  const socket = new WsWebSocket(plan.url, { ca: plan.ca })
  return playRound(plan, socket as unknown as BareSocket, () => socket.terminate())
}

/** A client over the platform's own WebSocket. Its certificate comes with `NODE_EXTRA_CA_CERTS`, for it takes no options. */
export const platformClient: ClientStack = (plan) => {
  const socket = new (platformWebSocket())(plan.url)
  return playRound(plan, socket, () => socket.close())
}

/** Which WebSocket that is, for the table and the report. */
export function platformName(): string {
  return globalWebSocket() === undefined ? 'undici, as in Node 22' : `Node ${process.versions.node}`
}

type BareSocketConstructor = new (url: string) => BareSocket

function platformWebSocket(): BareSocketConstructor {
  return globalWebSocket() ?? (UndiciWebSocket as unknown as BareSocketConstructor)
}

function globalWebSocket(): BareSocketConstructor | undefined {
  return (globalThis as { WebSocket?: BareSocketConstructor }).WebSocket
}

function playRound(
  plan: RoundPlan,
  socket: BareSocket,
  abandon: () => void,
): Promise<{ lostBecause?: string }> {
  return new Promise((resolve) => {
    let answered = false
    let problem = ''
    let trickle: NodeJS.Timeout | undefined
    let found = 0
    let deadline = setTimeout(giveUp, plan.deadlineMs)

    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => {
      void plan.connected().then(() => {
        tell({ type: 'offer', sdp: plan.offer, row: plan.row, talks: plan.talks })
        for (const chunk of plan.upload) if (socket.readyState === open) socket.send(chunk)
        if (plan.trickleMs > 0) trickle = setInterval(trickleOn, plan.trickleMs)
        plan.offerSent()
      })
    })
    socket.addEventListener('message', ({ data }) => {
      if (typeof data !== 'string') return
      const message = decode(data)
      // The Answer is as good as there, and there is nothing left to say.
      if (message.type === 'accepted' && plan.closesEarly) socket.close(1000)
      if (message.type !== 'answer') return
      answered = true
      plan.answered(message.sdp)
      clearTimeout(deadline)
      deadline = setTimeout(giveUp, endMs)
    })
    socket.addEventListener('error', ({ message }) => {
      if (problem === '') problem = message ?? ''
    })
    socket.addEventListener('close', ({ code }) =>
      finish(`closed with ${code}${problem === '' ? '' : `, ${problem}`}`),
    )

    function tell(message: BareMessage): void {
      if (socket.readyState === open) socket.send(encode(message))
    }

    function trickleOn(): void {
      for (let i = 0; i < candidatesPerTrickle; i += 1) {
        tell({ type: 'candidate', candidate: candidate(found) })
        found += 1
      }
    }

    function giveUp(): void {
      abandon()
      finish(`nothing came for ${plan.deadlineMs} ms`)
    }

    function finish(reason: string): void {
      clearTimeout(deadline)
      clearInterval(trickle)
      resolve(answered ? {} : { lostBecause: reason })
    }
  })
}
