import { defaults, limits } from '../../src/limits.ts'
import type { Random } from './random.ts'

export type Side = 'client' | 'server'

/** What will become of the processes of one side. */
export interface ProcessPlan {
  /** How long a write to its journal takes at most; `undefined`: it has none. */
  journalMs: number | undefined
  /** How often its process goes away at most. */
  crashes: number
  /** Chance that it does, at each moment that matters. */
  share: number
  /** When it does, whatever happens then. */
  at: number[]
  /** How long it is gone at most. */
  downMsMax: number
}

/** What one side of a run will do. Times are virtual milliseconds. */
export interface SidePlan {
  messages: number
  /** When the last of them is sent at the latest. */
  sendUntil: number
  /** Sent in the same turn as `connect`, or the session's start. */
  atOnce: number
  sizes: 'small' | 'mixed' | 'large' | 'edge'
  binaryShare: number
  askShare: number
  noteShare: number
  dropShare: number
  cancelShare: number
  handler: 'immediate' | 'quick' | 'slow' | 'sequential'
  handlerMs: number
  throwShare: number
  /** When the application begins to listen. */
  attachAt: number
  closeAt: number
  /** How soon it closes when the peer has closed; `undefined`: not before `closeAt`. */
  closeAfterPeer: number | undefined
  closeTimeoutMs: number
  abortAt: number | undefined
  window: { messages: number; bytes: number }
  maxBytes: number
  /** Up to where frames are filled; `undefined` for as far as they may be. */
  frameBytesGoal: number | undefined
}

export interface NetworkPlan {
  delayMin: number
  delayMax: number
  /** Chances, each at every frame or connection. */
  cut: number
  cutWhileClosing: number
  refuse: number
  loseWhileOpening: number
  stall: number
  slowHello: number
  /** How late it may be: a server that forgets a session must not be sent a `hello` that is older than that. */
  slowHelloMsMax: number
  early: number
  /** Client: how often it opens a second link while the first one lives, at every frame. */
  move: number
  /** Server: how often it asks the client to come back on another link, at every frame. */
  away: number
  /** A time in which there is no network at all. */
  outage: { from: number; until: number } | undefined
  /** From then on the network does no harm. */
  healAt: number
}

export interface Plan {
  client: SidePlan
  server: SidePlan
  network: NetworkPlan
  processes: { client: ProcessPlan; server: ProcessPlan }
  /** When the client's journal fails, so that the session goes on without it. */
  journalFails: { at: number; mayStand: boolean } | undefined
  ttlMs: number
  keepaliveMs: number
  /** When the client's driver stops trying to get a link. */
  giveUpAt: number | undefined
  /** Chance of garbage at every frame; 0 in honest runs. */
  garbage: number
  /** Connections of strangers. */
  strangers: number
}

/** The time that a transport gives a connection to be made, and a closing one to be answered. */
export const connectTimeoutMs = 2_000
export const lingerMs = 500
export const welcomeTimeoutMs = 1_000
export const backOffMaxMs = 800

/** So long that a session that hangs is found hanging, not timed out. */
const patientMs = 10 * defaults.closeTimeoutMs

export function makePlan(random: Random): Plan {
  const calm = random.chance(0.15)
  const rough = !calm && random.chance(0.3)
  const hostile = random.chance(0.12)
  const horizon = random.pick([200, 1_000, 1_000, 4_000])
  const ttlMs = random.chance(0.35) ? random.int(400, 3_000) : defaults.ttlMs
  const network: NetworkPlan = {
    delayMin: random.pick([0, 1, 5]),
    delayMax: random.pick([5, 20, 80]),
    cut: calm ? 0 : rough ? 0.15 : 0.04,
    cutWhileClosing: calm ? 0 : random.pick([0, 0.2, 0.6]),
    refuse: calm ? 0 : rough ? 0.4 : 0.1,
    loseWhileOpening: calm ? 0 : rough ? 0.2 : 0.06,
    stall: random.pick([0, 0.1, 0.5]),
    slowHello: calm ? 0 : random.pick([0, 0.1, 0.3]),
    slowHelloMsMax: Math.min(3_000, (ttlMs - 2 * 2 * 80) / 2),
    early: random.pick([0, 0.5, 1]),
    move: calm ? 0 : random.pick([0, 0, 0.03, 0.1]),
    away: calm ? 0 : random.pick([0, 0, 0.03]),
    outage: undefined,
    healAt: horizon + random.int(0, 3_000),
  }
  if (random.chance(0.1)) {
    const from = random.chance(0.5) ? random.int(0, 2 * network.delayMax) : random.int(0, horizon)
    network.outage = { from, until: from + random.int(0, 8_000) }
    network.healAt = Math.max(network.healAt, network.outage.until)
  }
  const bothAtOnce = random.chance(0.15) ? random.int(0, horizon) : undefined
  return {
    client: makeSide(random, horizon, bothAtOnce),
    server: makeSide(random, horizon, bothAtOnce),
    network,
    processes: makeProcesses(random, horizon),
    journalFails: undefined,
    ttlMs,
    keepaliveMs: random.pick([150, 400, 1_000]),
    giveUpAt: random.chance(0.06) ? random.int(0, horizon * 2) : undefined,
    garbage: hostile ? random.pick([0.02, 0.1, 0.4]) : 0,
    strangers: hostile ? random.int(1, 4) : 0,
  }
}

/** In one of four runs in which the client has a journal it fails. Drawn apart, so that no other run becomes another one by it. */
export function makeJournalFailure(plan: Plan, random: Random): Plan['journalFails'] {
  if (plan.processes.client.journalMs === undefined || !random.chance(0.25)) return undefined
  return { at: random.int(0, plan.network.healAt), mayStand: random.chance(0.5) }
}

/** A process that keeps nothing, and never goes away. */
export const withoutJournal: ProcessPlan = {
  journalMs: undefined,
  crashes: 0,
  share: 0,
  at: [],
  downMsMax: 0,
}

/** In three of five runs nobody has a journal, and nobody crashes. */
function makeProcesses(random: Random, horizon: number): Plan['processes'] {
  const kind = random.next()
  const who = kind > 0.4 ? [] : random.pick<Side[]>([['client'], ['server'], ['client', 'server']])
  const forgetful = kind < 0.04
  const make = (side: Side): ProcessPlan => {
    if (!who.includes(side)) return withoutJournal
    const crashes = forgetful ? 1 : random.pick([0, 1, 1, 2, 3, 5])
    return {
      journalMs: forgetful ? undefined : random.pick([0, 1, 5, 40, 250]),
      crashes,
      share: forgetful ? 0 : random.pick([0, 0.01, 0.03, 0.1]),
      at: Array.from({ length: crashes }, () => random.int(0, horizon)),
      downMsMax: random.pick([0, 10, 200]),
    }
  }
  return { client: make('client'), server: make('server') }
}

function makeSide(random: Random, horizon: number, closeAt: number | undefined): SidePlan {
  const sizes = random.chance(0.03)
    ? 'large'
    : random.pick<SidePlan['sizes']>(['small', 'small', 'mixed', 'edge'])
  const messages = random.chance(0.15) ? 0 : random.int(1, sizes === 'large' ? 5 : sizes === 'edge' ? 10 : 40)
  const handler = random.pick<SidePlan['handler']>(['immediate', 'quick', 'slow', 'sequential'])
  const sendUntil = random.int(0, horizon)
  return {
    messages,
    sendUntil,
    atOnce: random.chance(0.6) ? random.int(0, messages) : 0,
    sizes,
    binaryShare: random.pick([0, 0, 0.3, 1]),
    askShare: random.pick([0, 0.3, 1]),
    noteShare: random.pick([0, 0, 0.3]),
    dropShare: random.pick([0, 0, 0.3]),
    cancelShare: random.pick([0, 0.3]),
    handler,
    handlerMs: handler === 'slow' ? random.pick([30, 300]) : 20,
    throwShare: random.pick([0, 0.2]),
    attachAt: random.chance(0.15) ? random.int(0, horizon) : 0,
    closeAt: closeAt ?? (random.chance(0.1) ? 0 : random.int(Math.floor(horizon / 3), horizon)),
    closeAfterPeer: random.pick([undefined, 0, 20]),
    closeTimeoutMs: random.chance(0.12) ? random.int(0, 1_500) : patientMs,
    abortAt: random.chance(0.05) ? random.int(0, horizon * 2) : undefined,
    window: {
      messages: random.pick([1, 2, 5, 30, defaults.windowMessages]),
      bytes: random.pick([limits.maxBytesMin, 2 * limits.maxBytesMin, defaults.windowBytes]),
    },
    maxBytes: random.pick([limits.maxBytesMin, 3 * limits.maxBytesMin, defaults.maxBytes]),
    // Not drawn, so that what a seed draws stays what it was.
    frameBytesGoal: [undefined, 16 * 1024 - 64, 1_000][sendUntil % 3],
  }
}
