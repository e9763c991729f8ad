import type { IncomingMessage } from 'node:http'
import { type CloseAfterPongReport, closeAfterPong } from '@lastword/transport'
import { expect } from 'vitest'
import type { WebSocket } from 'ws'
import { type Served, serve } from '../harness.ts'

/** How often a client connects, and how many connections it has at once. */
export const rounds = 100
export const atOnce = 8

/** What a client has of one round. */
export interface Outcome {
  round: number
  /** The lengths of all messages, in order. */
  lengths: number[]
  /** True if the last one is `lastMessage(round)`, to the last character. */
  whole: boolean
}

/** It is not the machine's speed that is tried here: a hundred clients on a busy one may be slow to answer. */
const deadlineMs = 20_000

export const mebibyte = 1024 * 1024

/** 1 MiB that only this round has. */
export function lastMessage(round: number): string {
  return String(round)
    .padStart(8, '0')
    .repeat(mebibyte / 8)
}

/** Two small messages that are still under way when the last one is sent. */
const before = ['first', 'second']

export interface PlainServer extends Served {
  /** What closeAfterPong learnt in each round. */
  reports: Map<number, CloseAfterPongReport>
}

/** A server with the adapter, which sends every plain client its messages and closes at once behind a Pong. */
export async function plainServer(): Promise<PlainServer> {
  const reports = new Map<number, CloseAfterPongReport>()
  const served = await serve('wss', {
    existing(socket: WebSocket, request: IncomingMessage) {
      const round = Number(new URL(request.url ?? '', 'wss://localhost').searchParams.get('round'))
      for (const message of [...before, lastMessage(round)]) socket.send(message)
      void closeAfterPong(socket, { rawSocket: request.socket, deadlineMs }).then((report) =>
        reports.set(round, report),
      )
    },
  })
  return Object.assign(served, { reports })
}

/** Runs one client through all its rounds, some of them at the same time. */
export async function everyRound(round: (round: number) => Promise<Outcome>): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  let next = 0
  async function lane(): Promise<void> {
    while (next < rounds) outcomes.push(await round(next++))
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return outcomes
}

/** Every round, whole, and a report of the server that says so. `codes` are those that the client may close with. */
export function expectWhole(outcomes: Outcome[], server: PlainServer, codes: number[] = [1000]): void {
  const lost = outcomes.filter(({ whole, lengths }) => !whole || lengths.length !== before.length + 1)
  expect(lost, 'rounds whose last message is missing or broken').toEqual([])
  expect(new Set(outcomes.map(({ round }) => round)).size).toBe(rounds)
  for (const [round, report] of server.reports) {
    expect({ round, ...report }).toMatchObject({ round, pong: true, clean: true, forced: false })
    expect(codes).toContain(report.code)
  }
}

/** What a client library calls back with; resolves with the outcome once it is closed. */
export interface Hearing {
  heard(message: string): void
  closed(): void
  outcome: Promise<Outcome>
}

export function hearing(round: number): Hearing {
  const lengths: number[] = []
  let last = ''
  let resolve!: (outcome: Outcome) => void
  const outcome = new Promise<Outcome>((done) => {
    resolve = done
  })
  const deadline = setTimeout(closed, 2 * deadlineMs)
  function closed(): void {
    clearTimeout(deadline)
    resolve({ round, lengths, whole: last === lastMessage(round) })
  }
  return {
    heard(message) {
      lengths.push(message.length)
      last = message
    },
    closed,
    outcome,
  }
}
