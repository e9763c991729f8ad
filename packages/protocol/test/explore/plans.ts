import type { Plan, SidePlan } from './plan.ts'

const base = {
  openings: ['early'],
  losses: 0,
  takeovers: 0,
  cancels: 0,
  aborts: [],
  waits: 0,
  leave: 'turn',
  stalls: 0,
  silences: 0,
} as const

const anyTime = { when: 'any time', closesEarly: false, windowMessages: 1_024 } as const
const atOnce = { ...anyTime, when: 'at once' } as const
const request = { id: 'q', ask: true } as const

const twoAndRequest: SidePlan = { ...anyTime, sends: [{ id: 'c1' }, request] }
const two: SidePlan = { ...anyTime, sends: [{ id: 's1' }, { id: 's2' }] }
const onlyRequest: SidePlan = { ...anyTime, sends: [request] }
const nothing: SidePlan = { ...anyTime, sends: [] }

/** Worlds that are explored whole in well under a minute together. */
export const smallPlans: readonly Plan[] = [
  {
    ...base,
    name: 'messages and a request',
    client: twoAndRequest,
    server: two,
    cancels: 1,
  },
  {
    ...base,
    name: 'each frame by itself',
    client: { ...anyTime, sends: [{ id: 'c1' }] },
    server: { ...anyTime, sends: [{ id: 's1' }] },
    leave: 'free',
    losses: 1,
  },
  {
    ...base,
    name: 'a lost link',
    client: { ...atOnce, sends: [{ id: 'c1' }, { id: 'c2' }] },
    server: { ...atOnce, sends: [{ id: 's1' }, { id: 's2' }] },
    losses: 1,
  },
  {
    ...base,
    name: 'two lost links',
    client: onlyRequest,
    server: nothing,
    losses: 2,
  },
  {
    ...base,
    name: 'a takeover and a lost link',
    client: onlyRequest,
    server: nothing,
    takeovers: 1,
    losses: 1,
  },
  {
    ...base,
    name: 'giving up, a long time, a lost link',
    openings: ['early', 'held'],
    client: onlyRequest,
    server: nothing,
    aborts: ['client'],
    waits: 1,
    losses: 1,
  },
  {
    ...base,
    name: 'a journal on both sides',
    client: nothing,
    server: nothing,
    takeovers: 1,
    journaled: true,
  },
]

const early = { ...anyTime, closesEarly: true } as const
const narrow = { ...atOnce, windowMessages: 1 } as const

/** In which it is held that leaving out what nobody can notice leaves out nothing else. */
export const reductionPlan: Plan = {
  ...base,
  name: 'one message each way, a takeover or giving up',
  client: { ...atOnce, sends: [{ id: 'c1' }] },
  server: nothing,
  takeovers: 1,
  aborts: ['client'],
}

/** Worlds for a soak, the smaller ones first. */
export const largePlans: readonly Plan[] = [
  {
    ...base,
    name: 'narrow windows and a lost link',
    client: { ...narrow, sends: [{ id: 'c1' }, { id: 'c2' }] },
    server: { ...narrow, sends: [{ id: 's1' }, { id: 's2' }] },
    losses: 1,
  },
  {
    ...base,
    name: 'closing at any time, either side giving up, long times',
    client: { ...early, sends: [request] },
    server: { ...early, sends: [{ id: 's1' }] },
    aborts: ['client', 'server'],
    waits: 2,
    losses: 1,
  },
  {
    ...base,
    name: 'a journal on both sides, a message and a lost link',
    client: { ...atOnce, sends: [{ id: 'c1' }] },
    server: nothing,
    losses: 1,
    journaled: true,
  },
  {
    ...base,
    name: 'a journal on both sides, a message, a takeover and a lost link',
    client: { ...atOnce, sends: [{ id: 'c1' }] },
    server: nothing,
    takeovers: 1,
    losses: 1,
    journaled: true,
  },
  {
    ...base,
    name: 'silence, where a session expires before it is noticed',
    client: onlyRequest,
    server: nothing,
    losses: 1,
    takeovers: 1,
    waits: 1,
    silences: 2,
    shortTtl: true,
  },
  {
    ...base,
    name: 'busy links',
    client: { ...anyTime, sends: [{ id: 'c1' }] },
    server: { ...atOnce, sends: [{ id: 's1' }] },
    losses: 1,
    takeovers: 1,
    stalls: 2,
  },
  {
    ...base,
    name: 'each frame by itself, a takeover',
    client: onlyRequest,
    server: nothing,
    leave: 'free',
    losses: 1,
    takeovers: 1,
  },
  {
    ...base,
    name: 'two takeovers and a lost link',
    client: onlyRequest,
    server: nothing,
    losses: 1,
    takeovers: 2,
  },
  {
    ...base,
    name: 'two messages each way, one of them of bytes, two lost links',
    client: { ...atOnce, sends: [{ id: 'c1' }, { id: 'c2' }] },
    server: { ...atOnce, sends: [{ id: 's1' }, { id: 's2', bytes: true }] },
    losses: 2,
  },
  {
    ...base,
    name: 'all of it, with a request',
    openings: ['early', 'held'],
    client: onlyRequest,
    server: nothing,
    losses: 2,
    takeovers: 1,
    cancels: 1,
    aborts: ['client'],
    waits: 1,
  },
  {
    ...base,
    name: 'a message each way, two lost links and a takeover',
    client: { ...anyTime, sends: [{ id: 'c1' }] },
    server: { ...anyTime, sends: [{ id: 's1' }] },
    losses: 2,
    takeovers: 1,
  },
  {
    ...base,
    name: 'two messages each way and a request, a lost link',
    client: twoAndRequest,
    server: two,
    losses: 1,
  },
]

const oneEach = {
  client: { ...atOnce, sends: [{ id: 'c1' }] },
  server: { ...atOnce, sends: [{ id: 's1' }] },
} as const
/** Where planted faults are looked for, the smallest worlds first. */
export const faultPlans: readonly Plan[] = [
  { ...base, ...oneEach, name: 'one message each way' },
  { ...base, ...oneEach, name: 'one message each way, or giving up', aborts: ['client', 'server'] },
  {
    ...base,
    name: 'a request that may be taken back',
    client: onlyRequest,
    server: { ...atOnce, sends: [{ id: 's1' }, { id: 's2' }] },
    cancels: 1,
  },
  {
    ...base,
    name: 'a window of one message',
    client: { ...narrow, sends: [] },
    server: { ...narrow, sends: [{ id: 's1' }, { id: 's2' }, { id: 's3' }, { id: 's4' }] },
  },
  {
    ...base,
    name: 'one message, a lost link, or giving up',
    client: { ...atOnce, sends: [{ id: 'c1' }] },
    server: nothing,
    losses: 1,
    aborts: ['client'],
  },
  { ...base, ...oneEach, name: 'one message each way, a lost link', losses: 1 },
  { ...base, ...oneEach, name: 'one message each way, a takeover', takeovers: 1 },
  {
    ...base,
    name: 'one message, a lost link, a silent one',
    client: { ...atOnce, sends: [{ id: 'c1' }] },
    server: nothing,
    losses: 1,
    silences: 1,
    shortTtl: true,
  },
  {
    ...base,
    name: 'one message, a takeover and a lost link',
    client: { ...atOnce, sends: [{ id: 'c1' }] },
    server: { ...atOnce, sends: [] },
    takeovers: 1,
    losses: 1,
  },
]
