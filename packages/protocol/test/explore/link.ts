import type { FrameId } from './frames.ts'
import type { Role } from './side.ts'

/**
 * What is under way in one direction: a frame's number, `opened` for the answer to the upgrade request, or a close
 * frame's code with a minus.
 */
export type Item = number

export const opened: Item = 0

/** `absent`: the server has not heard of it yet. */
export type EndState = 'absent' | 'connecting' | 'open' | 'closing' | 'over'

/** One connection: two ordered queues, and how each end sees it. Never changed: each change makes another. */
export interface Link {
  readonly number: number
  readonly early: boolean
  readonly client: EndState
  readonly server: EndState
  /** Polled before the link is open, and not sent yet. 0 for none. */
  readonly first: FrameId
  readonly up: readonly Item[]
  readonly down: readonly Item[]
  /** True once an end has been seen to be lost: then the other may be, at any time, with all that is under way to it. */
  readonly harmed: boolean
  /**
   * True to leave out what nobody can notice: frames on their way to a side that has closed the link, and how the other
   * end answers a close that is not the last word of the session. `checkReduction` holds that it changes nothing else.
   */
  readonly reduced: boolean
}

export function newLink(number: number, early: boolean, reduced: boolean): Link {
  return {
    number,
    early,
    client: 'connecting',
    server: 'absent',
    first: 0,
    up: [],
    down: [],
    harmed: false,
    reduced,
  }
}

/** The direction in which a side sends. */
const outOf = { client: 'up', server: 'down' } as const
const into = { client: 'down', server: 'up' } as const

export function incoming(link: Link, role: Role): readonly Item[] {
  return link[into[role]]
}

/** A side hands something over. It goes nowhere if the other end is gone. */
export function put(link: Link, from: Role, item: Item): Link {
  const to = from === 'client' ? 'server' : 'client'
  if (link[to] === 'over') return link
  if (item === opened && link.client !== 'connecting') return link
  if (link.reduced && link[to] === 'closing' && item >= 0) return link
  return { ...link, [outOf[from]]: [...link[outOf[from]], item] }
}

/** A side has taken what comes next. */
export function taken(link: Link, by: Role): Link {
  return { ...link, [into[by]]: link[into[by]].slice(1) }
}

/** An end is over: what is under way to it has nobody to take it. */
export function over(link: Link, role: Role): Link {
  return { ...link, [role]: 'over', [into[role]]: [] }
}

/** An end is seen to be lost. */
export function lost(link: Link, role: Role): Link {
  return { ...over(link, role), first: 0, harmed: true }
}

/**
 * A side closes the link: the close frame goes behind what it has handed over. It hears no more frames; how the other
 * end answers matters only where the close is the last word of the session.
 */
export function closedBy(link: Link, role: Role, code: number, lastWord: boolean): Link {
  const state = link[role]
  if (state === 'closing' || state === 'over') return link
  // A link that is not open yet is given up, which its owner will see as the end of it.
  if (state === 'connecting') return { ...link, client: 'closing', first: 0, down: [], harmed: true }
  const said = put(link, role, -code)
  if (!link.reduced) return { ...said, [role]: 'closing' }
  if (!lastWord) return over(said, role)
  return { ...said, [role]: 'closing', [into[role]]: link[into[role]].filter((item) => item < 0) }
}

/** True if nothing of it can be noticed any more. */
export function isForgotten(link: Link): boolean {
  if (link.client !== 'over') return false
  return link.server === 'over' || (link.server === 'absent' && link.up.length === 0)
}

export function keyOf(link: Link): string {
  const { number, early, client, server, first, up, down, harmed } = link
  return `${number}${early ? 'e' : 'h'}${client},${server},${first},${up.join(' ')},${down.join(' ')},${harmed ? 1 : 0}`
}
