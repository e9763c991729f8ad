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
]

/** Worlds for a soak. */
export const largePlans: readonly Plan[] = [
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
]

const oneEach = {
  client: { ...atOnce, sends: [{ id: 'c1' }] },
  server: { ...atOnce, sends: [{ id: 's1' }] },
} as const
const narrow = { ...atOnce, windowMessages: 1 } as const

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
