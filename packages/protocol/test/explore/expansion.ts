import { closeCodes } from '../../src/codes.ts'
import {
  closedBy,
  incoming,
  isForgotten,
  type Link,
  lost,
  newLink,
  opened,
  over,
  put,
  taken as withoutNext,
} from './link.ts'
import { withSession } from './past.ts'
import type { Role, Side } from './side.ts'
import type { Broken } from './sides.ts'
import { type Effect, endArg, linksMax, partsOf, type Step, startKind, stepOf } from './step.ts'
import type { Parts, State, World } from './world.ts'

/** What happened, for a story: the step that a side took, or words where no machine took part. */
export interface Happening {
  role: Role
  step: Step | undefined
  effects: readonly Effect[]
  words: string
}

/** Called for everything that can happen in a state. `optional`: a run may go on without it for ever. */
export type Visit = (next: State, optional: boolean, happening: Happening, broken: Broken | undefined) => void

type Change = { past?: Parts['past']; links?: readonly Link[]; server?: number }

/** Finds everything that can happen in one state. */
export class Expansion {
  readonly #world: World
  readonly #parts: Parts
  readonly #visit: Visit
  readonly #client: Side
  /** The session on the server, unless it has been forgotten. */
  readonly #server: Side | undefined
  /** Something must happen before a run is over. */
  #mustGoOn = false

  constructor(world: World, parts: Parts, visit: Visit) {
    this.#world = world
    this.#parts = parts
    this.#visit = visit
    this.#client = world.clients.of(parts.client)
    const server = world.serverOf(parts)
    this.#server = server?.released === true ? undefined : server
  }

  run(): void {
    this.#application('client', this.#client)
    if (this.#server !== undefined) this.#application('server', this.#server)
    this.#openLinks()
    for (const link of this.#parts.links) {
      for (const role of ['client', 'server'] as const) {
        this.#arrival(link, role)
        this.#loss(link, role)
      }
    }
    this.#poll('client')
    if (this.#server !== undefined) this.#poll('server')
    this.#time()
  }

  // The application

  #application(role: Role, side: Side): void {
    if (side.writing > 0 && !side.released) this.#step(role, stepOf('written', 0, side.writing), false)
    if (side.machine.ended) return
    const plan = this.#world.plan
    const { sends, closesEarly } = plan[role]
    if (!side.closed && side.planned < sends.length) this.#step(role, stepOf('send'), false)
    if (!side.closed && (closesEarly || side.planned === sends.length)) {
      this.#step(role, stepOf('close'), false)
    }
    for (const { seq, finished } of side.given) {
      if (!finished) this.#step(role, stepOf('finish', 0, seq), false)
    }
    if (role === 'client' && plan.cancels > 0 && !side.cancelled) {
      const asked = side.sent.find((sent) => sent.ask)
      const answered = asked !== undefined && side.given.some(({ id }) => id === `r-${asked.id}`)
      if (asked !== undefined && !answered) this.#step(role, stepOf('cancel'), true)
    }
    if (plan.aborts.includes(role) && !side.aborted) this.#step(role, stepOf('abort'), true)
  }

  // Links

  #openLinks(): void {
    const { machine, links: count } = this.#client
    const current = this.#parts.links.some(({ client }) => client === 'connecting' || client === 'open')
    const { past, links } = this.#parts
    const wanted = machine.wantsLink
    if (!wanted && (!current || machine.ended || past.takeovers >= this.#world.plan.takeovers)) return
    const number = count + 1
    for (const opening of this.#world.plan.openings) {
      const link = newLink(number, opening === 'early', this.#world.plan.unreduced !== true)
      this.#step('client', stepOf(startKind(opening), number), !wanted, {
        links: [...links, link],
        past: wanted ? past : { ...past, takeovers: past.takeovers + 1 },
      })
    }
  }

  /** What waits leaves, where it does not at the end of each turn. */
  #poll(role: Role): void {
    const { plan } = this.#world
    const bit = bitOf(role)
    const { past, links } = this.#parts
    if (plan.leave === 'turn') {
      if ((past.busy & bit) !== 0) {
        const turn: Turn = { side: this.#parts[role], effects: [], links, broken: undefined }
        this.#flush(role, turn)
        const free = {
          ...this.#parts,
          past: { ...past, busy: past.busy & ~bit },
          [role]: turn.side,
          links: turn.links,
        }
        this.#emit(free, false, { ...aside(role, 'can send again'), effects: turn.effects }, turn.broken)
      } else if (past.stalls < plan.stalls && links.some((link) => link[role] === 'open')) {
        const stalled = { ...past, stalls: past.stalls + 1, busy: past.busy | bit }
        this.#emit({ ...this.#parts, past: stalled }, true, aside(role, 'cannot send for a while'), undefined)
      }
      return
    }
    for (const link of links) {
      if (link[role] !== 'open') continue
      const id = this.#parts[role]
      const { side, effects, broken } = this.#world.sidesOf(role).take(id, stepOf('poll', link.number))
      if (side !== id || effects.length > 0 || broken !== undefined) {
        this.#step(role, stepOf('poll', link.number), false)
      }
    }
  }

  /** What comes next on a link arrives. */
  #arrival(link: Link, role: Role): void {
    if (link.client === 'connecting' && !link.early && role === 'client') return this.#connected(link)
    const [item] = incoming(link, role)
    if (item === undefined) return
    const rest = withoutNext(link, role)
    const { number } = link
    if (item < 0) {
      // A close frame is answered with the same code, unless it is an answer itself.
      const answered = link[role] === 'open' ? put(rest, role, item) : rest
      const end = stepOf('end', number, endArg({ code: -item, clean: true, neverLeft: false }))
      return this.#linkStep(role, end, over(answered, role))
    }
    if (role === 'server') {
      if (link.server === 'absent') return this.#admit(rest, item)
      return this.#linkStep(role, stepOf('frame', number, item), rest)
    }
    if (item === opened) return this.#linkStep(role, stepOf('open', number), { ...rest, client: 'open' })
    this.#linkStep(role, stepOf('frame', number, item), rest)
  }

  /** A link whose first frame did not travel with the request: it opens, and that frame goes first. */
  #connected(link: Link): void {
    const { first, number } = link
    const open: Link = { ...link, client: 'open', first: 0 }
    this.#linkStep('client', stepOf('open', number, first), first > 0 ? put(open, 'client', first) : open)
  }

  /** The server's door: `hello` names the session that the link is for. */
  #admit(link: Link, frame: number): void {
    const open = link.early
      ? put({ ...link, server: 'open' }, 'server', opened)
      : { ...link, server: 'open' as const }
    const before = this.#world.serverOf(this.#parts)
    const accept = stepOf('accept', link.number, frame)
    if (this.#server !== undefined) return this.#linkStep('server', accept, open)
    const { past } = this.#parts
    if (this.#world.frames.isFresh(frame)) {
      const server = this.#world.servers.fresh()
      const next = before === undefined ? past : withSession(past, before)
      const tooSoon = before !== undefined && !before.releasedInTime
      return this.#step(
        'server',
        accept,
        false,
        { server, past: next, links: this.#replaced(open) },
        tooSoon
          ? {
              promise: 'P2 in order, once',
              message: 'the server makes a session again that has ended only just now',
            }
          : undefined,
      )
    }
    const refused = closedBy(put(open, 'server', this.#world.refusal), 'server', closeCodes.reset, true)
    this.#emit(
      {
        ...this.#parts,
        // It may have been forgotten only after a long time; a client that is through does not mind.
        past: { ...past, refused: past.refused || past.waits > 0 },
        links: this.#replaced(refused),
      },
      false,
      aside('server', `does not know the session of link ${link.number}`),
      undefined,
    )
  }

  /** A link is seen to be lost by one end, with everything that is under way to it. */
  #loss(link: Link, role: Role): void {
    const state = link[role]
    if (state === 'over') return
    const { past } = this.#parts
    const { losses } = this.#world.plan
    const free = link.harmed
    if (!free && past.losses >= losses) return
    const next = lost(link, role)
    const change = {
      links: this.#replaced(next),
      past: free ? past : { ...past, losses: past.losses + 1 },
    }
    if (state === 'absent') {
      const words = `never hears of link ${link.number}`
      return this.#emit(
        { ...this.#parts, ...change },
        !free,
        { role, step: undefined, effects: [], words },
        undefined,
      )
    }
    const neverLeft = state === 'connecting' && !link.early
    const end = stepOf('end', link.number, endArg({ code: 1006, clean: false, neverLeft }))
    // A server that has forgotten the session has forgotten the link with it.
    if (role === 'server' && this.#server === undefined) {
      return this.#emit(
        { ...this.#parts, ...change },
        !free,
        { role, step: undefined, effects: [], words: `loses link ${link.number}` },
        undefined,
      )
    }
    this.#step(role, end, !free, change)
  }

  // Time

  /**
   * A long time passes on one side: freely where nothing else can happen, else as often as the plan has it. A `hello`
   * is never under way for as long as that.
   */
  #time(): void {
    const { plan } = this.#world
    const { past, links } = this.#parts
    const free = !this.#mustGoOn
    for (const role of ['client', 'server'] as const) {
      const side = role === 'client' ? this.#client : this.#server
      if (side === undefined || side.machine.nextTimeout() === Number.POSITIVE_INFINITY) continue
      const time = stepOf('time')
      const { machine } = side
      if (!machine.ended && machine.attached) {
        if (past.silences < plan.silences)
          this.#step(role, time, true, { past: { ...past, silences: past.silences + 1 } })
      } else if (!machine.ended && role === 'client') {
        if (past.losses < plan.losses)
          this.#step(role, time, true, { past: { ...past, losses: past.losses + 1 } })
      } else if (free) {
        this.#step(role, time, false)
      } else if (past.waits < plan.waits) {
        const underWay = links.some(({ server, up }) => server === 'absent' && up.length > 0)
        if (!(machine.ended && underWay))
          this.#step(role, time, true, { past: { ...past, waits: past.waits + 1 } })
      }
    }
  }

  // What comes of it

  #linkStep(role: Role, step: Step, link: Link): void {
    const links = this.#replaced(link)
    if (role === 'server' && this.#server === undefined) {
      return this.#emit({ ...this.#parts, links }, false, { role, step, effects: [], words: '' }, undefined)
    }
    this.#step(role, step, false, { links })
  }

  #step(role: Role, step: Step, optional: boolean, change: Change = {}, sooner?: Broken): void {
    const parts = { ...this.#parts, ...change }
    const taken = this.#world.sidesOf(role).take(parts[role], step)
    const turn = {
      side: taken.side,
      effects: taken.effects,
      links: parts.links,
      broken: sooner ?? taken.broken,
    }
    for (const effect of taken.effects) turn.links = apply(turn.links, role, effect)
    // Where the journal holds the first frame back it cannot travel with the request.
    if (isStart(step) && taken.effects.every((effect) => effect.do !== 'put'))
      turn.links = withoutEarly(turn.links)
    if (this.#world.plan.leave === 'turn' && (parts.past.busy & bitOf(role)) === 0) this.#flush(role, turn)
    const happening = { role, step, effects: turn.effects, words: '' }
    this.#emit({ ...parts, [role]: turn.side, links: turn.links }, optional, happening, turn.broken)
  }

  /** The end of a turn: everything that waits leaves, on every link that takes it. */
  #flush(role: Role, turn: Turn): void {
    for (const { number } of turn.links) {
      while (
        turn.broken === undefined &&
        turn.links.some((link) => link.number === number && link[role] === 'open')
      ) {
        const taken = this.#world.sidesOf(role).take(turn.side, stepOf('poll', number))
        if (taken.side === turn.side && taken.effects.length === 0 && taken.broken === undefined) break
        turn.side = taken.side
        turn.broken = taken.broken
        turn.effects = [...turn.effects, ...taken.effects]
        for (const effect of taken.effects) turn.links = apply(turn.links, role, effect)
      }
    }
  }

  #emit(parts: Parts, optional: boolean, happening: Happening, broken: Broken | undefined): void {
    if (!optional) this.#mustGoOn = true
    const links = parts.links.filter((link) => !isForgotten(link))
    const next = { ...parts, links }
    const tooMany = this.#world.clients.of(parts.client).links >= linksMax - 1
    const endless: Broken | undefined = tooMany
      ? { promise: 'liveness', message: 'the client opens link after link' }
      : undefined
    this.#visit(this.#world.stateOf(next), optional, happening, broken ?? endless)
  }

  #replaced(link: Link): Link[] {
    return this.#parts.links.map((one) => (one.number === link.number ? link : one))
  }
}

/** What a turn of one side comes to. */
interface Turn {
  side: number
  effects: readonly Effect[]
  links: readonly Link[]
  broken: Broken | undefined
}

const isStart = (step: Step) => partsOf(step).kind === 'start early'

function withoutEarly(links: readonly Link[]): Link[] {
  return links.map((link, i) => (i === links.length - 1 ? { ...link, early: false } : link))
}

function bitOf(role: Role): number {
  return role === 'client' ? 1 : 2
}

function aside(role: Role, words: string): Happening {
  return { role, step: undefined, effects: [], words }
}

function apply(links: readonly Link[], role: Role, effect: Effect): Link[] {
  return links.map((link) => (link.number === effect.link ? changed(link, role, effect) : link))
}

function changed(link: Link, role: Role, effect: Effect): Link {
  switch (effect.do) {
    case 'put':
      return put(link, role, effect.frame)
    case 'hold':
      return { ...link, first: effect.frame }
    case 'close':
      return closedBy(link, role, effect.code, lastWords.has(effect.code))
  }
}

/** Codes that are said with a session's last word: how the other end answers them matters. */
const lastWords: ReadonlySet<number> = new Set([closeCodes.normal, closeCodes.reset])
