import { endWithParent, tellParent } from './child.ts'
import type { FromPlayer, ToPlayer } from './cut/messages.ts'
import { createPlayer } from './cut/player.ts'

/** Plays the conversations that it is told to, some at a time, and tells how each one went. */

/** Conversations at once: while one waits for its network, the others have the processor. */
const atOnce = 4

const tell = (message: FromPlayer) => tellParent(message)
const player = createPlayer()

endWithParent()
process.on('message', (message: ToPlayer) => {
  follow(message).catch((error: unknown) => {
    tell({ type: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  })
})

async function follow(message: ToPlayer): Promise<void> {
  const { measure, play } = await player
  if (message.type === 'measure') return tell({ type: 'measured', lengths: await measure() })
  const runs = message.runs.values()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      // They all take from the same iterator.
      for (const run of runs) tell({ type: 'outcome', outcome: await play(run) })
    }),
  )
  tell({ type: 'played' })
}
