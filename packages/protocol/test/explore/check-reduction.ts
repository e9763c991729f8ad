import { explore } from './explore.ts'
import { Interned } from './interned.ts'
import type { Plan } from './plan.ts'

export interface ReductionCheck {
  /** How many states the world has, with what nobody can notice and without. */
  whole: number
  reduced: number
  /** How many states the two sides come to together, which must be the same in both. */
  sides: number
  /** Undefined if they are. */
  difference: string | undefined
}

/** Explores a world with and without what nobody can notice: the two sides must come to the same in both. */
export async function checkReduction(plan: Plan): Promise<ReductionCheck> {
  const texts = new Interned<string>((text) => text)
  const whole = await sidesReached({ ...plan, unreduced: true }, texts)
  const reduced = await sidesReached(plan, texts)
  const missing = [...whole.sides].filter((pair) => !reduced.sides.has(pair))
  const extra = [...reduced.sides].filter((pair) => !whole.sides.has(pair))
  const [first] = [...missing, ...extra]
  return {
    whole: whole.states,
    reduced: reduced.states,
    sides: reduced.sides.size,
    difference:
      first === undefined
        ? undefined
        : `${missing.length} are missing and ${extra.length} are too many, such as ${describe(first, texts)}`,
  }
}

async function sidesReached(
  plan: Plan,
  texts: Interned<string>,
): Promise<{ states: number; sides: Set<string> }> {
  const sides = new Set<string>()
  const { states, violations } = await explore(plan, {
    onState: (state, world) => {
      const { client, server } = world.partsOf(state)
      const serverText = server === 0 ? 'none' : world.servers.textOf(server)
      sides.add(`${texts.idOf(world.clients.textOf(client))} ${texts.idOf(serverText)}`)
    },
  })
  if (violations > 0) throw new Error(`"${plan.name}" has violations: explore it by itself`)
  return { states, sides }
}

function describe(pair: string, texts: Interned<string>): string {
  return pair
    .split(' ')
    .map((id) => texts.of(Number(id)))
    .join('\n')
}
