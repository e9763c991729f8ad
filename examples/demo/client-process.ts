import type { TraceEvent } from '@lastword/sdk'
import type { RoundOutcome } from './figures.ts'
import { Gate } from './gate.ts'
import type { FromClient, ToClient } from './messages.ts'
import { chunksOf } from './payloads.ts'
import { makeOffer, type OfferingPeer } from './peers.ts'
import { type Row, rowById } from './rows.ts'
import { type StackId, stackById } from './stack-list.ts'
import { platformClient, platformName, wsClient } from './stacks/bare-client.ts'
import type { ClientStack } from './stacks/client-stack.ts'
import { lastwordClient } from './stacks/lastword-client.ts'

const clients: Record<StackId, ClientStack> = {
  'ws-close': wsClient,
  'ws-terminate': wsClient,
  platform: platformClient,
  lastword: lastwordClient,
}

/** How long a round waits for its connection and its Answer, in ms. Whatever has not come by then is lost. */
const roundMs = 15_000
/** How long the data channel may take to carry its message, in ms. */
const talkMs = 5_000
const trickleMs = 50

type RunCell = Extract<ToClient, { type: 'run-cell' }>

/** The client's process: plays the rounds that it is told to, and tells how each one ended. */
export function clientProcess(): void {
  const given = new Map<number, (port: number) => void>()
  let needs = 0

  function need(what: 'server' | 'cut'): Promise<number> {
    needs += 1
    const id = needs
    return new Promise((resolve) => {
      given.set(id, resolve)
      tell({ type: 'need', id, what })
    })
  }

  process.on('message', (message: ToClient) => {
    if (message.type === 'given') {
      given.get(message.id)?.(message.port)
      given.delete(message.id)
      return
    }
    runCell(message, need).then(
      () => tell({ type: 'cell-done' }),
      (error: unknown) => tell({ type: 'cell-failed', message: String(error) }),
    )
  })
  tell({ type: 'ready', platform: platformName() })
}

async function runCell(cell: RunCell, need: (what: 'server' | 'cut') => Promise<number>): Promise<void> {
  const row = rowById(cell.row)
  const batch = row.batch ?? 1
  // The proxy lets the first connection pass, to see how much there is in a round.
  if (row.cut) await playRound({ cell, row, port: cell.port, ...alone(), talks: false, traces: false })
  for (let done = 0; done < cell.rounds; done += batch) {
    const size = Math.min(batch, cell.rounds - done)
    const connected = new Gate(size)
    const sent = new Gate(size)
    if (row.blockMs !== undefined) void sent.opened.then(() => blockSoon(row.blockMs ?? 0))
    await Promise.all(
      Array.from({ length: size }, async (_, index) => {
        let port = cell.port
        if (row.exits) port = await need('server')
        if (row.cut) await need('cut')
        const first = done + index === 0
        const talks = done + index < (row.talks ?? 0)
        const outcome = await playRound({
          cell,
          row,
          port,
          talks,
          connected,
          sent,
          traces: first && cell.trace,
        })
        tell({ type: 'round', outcome })
      }),
    )
  }
}

function alone(): { connected: Gate; sent: Gate } {
  return { connected: new Gate(1), sent: new Gate(1) }
}

interface Round {
  cell: RunCell
  row: Row
  port: number
  talks: boolean
  connected: Gate
  sent: Gate
  traces: boolean
}

async function playRound({ cell, row, port, talks, connected, sent, traces }: Round): Promise<RoundOutcome> {
  const peer = await makeOffer()
  const events: TraceEvent[] = []
  const startedAt = performance.now()
  let latencyMs: number | undefined
  let refusal: unknown
  let heldConnected = true
  let heldSent = true
  try {
    const { lostBecause, unclean } = await clients[stackById(cell.stack).id]({
      url: `wss://localhost:${port}/`,
      ca: cell.ca,
      row: row.id,
      offer: peer.sdp,
      talks,
      upload: chunksOf(row.uploadBytes ?? 0),
      closesEarly: row.closesEarly ?? false,
      trickleMs: row.blockMs === undefined ? 0 : trickleMs,
      deadlineMs: roundMs,
      connected() {
        heldConnected = false
        connected.arrive()
        return connected.opened
      },
      offerSent() {
        heldSent = false
        sent.arrive()
      },
      answered(sdp) {
        if (latencyMs !== undefined) return
        latencyMs = performance.now() - startedAt
        try {
          peer.apply(sdp)
        } catch (error) {
          refusal = error
        }
      },
      ...(traces ? { trace: (event: TraceEvent) => void events.push(event) } : {}),
    })
    if (latencyMs === undefined) return { lostBecause: lostBecause ?? 'the round ended without a reason' }
    if (refusal !== undefined) {
      // The Answer arrived, so it is not lost; that it could not be used must not go unnoticed.
      process.stderr.write(`libdatachannel refused an Answer: ${String(refusal)}\n`)
      return { latencyMs, talked: false }
    }
    return {
      latencyMs,
      ...(talks ? { talked: await talked(peer) } : {}),
      ...(unclean ? { unclean } : {}),
    }
  } catch (error) {
    return { lostBecause: String(error) }
  } finally {
    // A round that failed early must not hold back the others of its batch.
    if (heldConnected) connected.arrive()
    if (heldSent) sent.arrive()
    peer.close()
    if (events.length > 0) tell({ type: 'trace', events })
  }
}

async function talked(peer: OfferingPeer): Promise<boolean> {
  try {
    await peer.message(talkMs)
    return true
  } catch {
    return false
  }
}

/** Lets what was just sent leave, then stops the whole event loop, as a large synchronous computation does. */
function blockSoon(ms: number): void {
  setImmediate(() =>
    setImmediate(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
    }),
  )
}

function tell(message: FromClient): void {
  process.send?.(message)
}
