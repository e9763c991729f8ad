import { WebSocket } from 'ws'
import { endWithParent } from './child.ts'
import { playPlainRound } from './client/plain-round.ts'
import { playSessionRound } from './client/session-round.ts'
import { deadlineOf } from './deadline.ts'
import { Gate } from './gate.ts'
import { stillMs } from './matrix.ts'
import type { FromClient, PlayWave, ToClient } from './messages.ts'

/** The client's process: plays the rounds that it is told to, and tells how each one ended. */

let probe: WebSocket | undefined

endWithParent()
process.on('message', (message: ToClient) => {
  if (message.type === 'play') void play(message)
  else if (message.type === 'probe') startProbe(message.url, message.ca, message.protocols)
  else probe?.terminate()
})
tell({ type: 'ready' })

async function play({ cell, stack, rounds, batch, ca }: PlayWave): Promise<void> {
  const connected = new Gate(rounds.length)
  const sent = new Gate(rounds.length)
  if (cell.condition === 'blocked') void sent.opened.then(blockSoon)
  const playRound = stack === 'lastword' ? playSessionRound : playPlainRound
  await Promise.all(
    rounds.map(async ({ round, port }) => {
      const open = connected.ticket()
      const asked = sent.ticket()
      const plan = { cell, stack, round, batch }
      const outcome = await playRound(
        { plan, port, ca, deadlineMs: deadlineOf(cell) },
        {
          connected() {
            open()
            return connected.opened
          },
          asked,
        },
      ).catch((error: unknown) => ({ round, delivered: false, why: String(error) }))
      // A round that failed early must not hold back the others.
      open()
      asked()
      tell({ type: 'outcome', outcome })
    }),
  )
  tell({ type: 'played' })
}

function startProbe(url: string, ca: string, protocols: string[]): void {
  probe = new WebSocket(url, protocols, { ca })
  probe.on('open', () => tell({ type: 'opened' }))
  probe.on('error', (error) => tell({ type: 'failed', message: String(error) }))
}

/** Lets what was just sent leave, then stops the whole event loop, as a large synchronous computation does. */
function blockSoon(): void {
  setImmediate(() =>
    setImmediate(() => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, stillMs)
    }),
  )
}

function tell(message: FromClient): void {
  // A parent that has gone, or ends this process, is told nothing more.
  process.send?.(message, undefined, undefined, () => {})
}
