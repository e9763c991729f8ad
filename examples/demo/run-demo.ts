import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TraceEvent } from '@lastword/sdk'
import { certificate } from '@lastword/testkit'
import { Child } from './child.ts'
import { type CuttingProxy, createCuttingProxy } from './cutting-proxy.ts'
import { withDeadline } from './deadline.ts'
import { type Cell, cellOf, type RoundOutcome } from './figures.ts'
import type { FromClient, ToClient } from './messages.ts'
import type { DemoOptions } from './options.ts'
import type { Progress } from './progress.ts'
import { type Row, roundsOf, rowById } from './rows.ts'
import { Servers } from './servers.ts'
import { type Stack, stacks } from './stack-list.ts'

export interface DemoResult {
  cells: Cell[]
  /** What lastword's client saw in one round of the row with the proxy. */
  ladder: TraceEvent[]
  /** Which WebSocket the platform's one is. */
  platform: string
}

type Client = Child<ToClient, FromClient>

const startMs = 20_000
/** How long a cell may take: this, and so much for each of its rounds, in ms. */
const cellMs = 30_000
const cellRoundMs = 500

/** Plays all cells, one after the other. Stops early, with what there is by then, when `signal` is aborted. */
export async function runDemo(
  options: DemoOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<DemoResult> {
  const pem = await certificate()
  const directory = await mkdtemp(join(tmpdir(), 'lastword-demo-'))
  const servers = new Servers(pem)
  const result: DemoResult = { cells: [], ladder: [], platform: '' }
  let client: Client | undefined

  /** A client that failed is replaced, so that one broken cell does not take the others with it. */
  async function startClient(): Promise<Client> {
    const started: Client = new Child('client', { NODE_EXTRA_CA_CERTS: join(directory, 'ca.pem') })
    client = started
    const message = await started.first(startMs, 'the client to start')
    if (message.type === 'ready') result.platform = message.platform
    return started
  }

  try {
    // A platform's WebSocket takes no certificate as an option, only from a file that the environment names.
    await writeFile(join(directory, 'ca.pem'), pem.cert)
    for (const id of options.rows) {
      const row = rowById(id)
      for (const stack of stacks) {
        if (signal.aborted) return result
        const outcomes: RoundOutcome[] = []
        let failure: string | undefined
        let cuts: number | undefined
        try {
          client ??= await untilAborted(startClient(), signal)
          const rounds = roundsOf(row, options.rounds)
          cuts = await playCell({
            client,
            servers,
            row,
            stack,
            rounds,
            outcomes,
            ca: pem.cert,
            progress,
            signal,
            result,
          })
        } catch (error) {
          failure = signal.aborted ? 'interrupted' : error instanceof Error ? error.message : String(error)
          await client?.end()
          client = undefined
        }
        const cell = {
          ...cellOf(row.id, stack.id, outcomes, failure),
          ...(cuts === undefined ? {} : { cuts }),
        }
        result.cells.push(cell)
        progress.cell(cell)
      }
    }
    return result
  } finally {
    await Promise.all([client?.end(), servers.end()])
    await rm(directory, { recursive: true, force: true })
  }
}

interface CellRun {
  client: Client
  servers: Servers
  row: Row
  stack: Stack
  rounds: number
  /** Filled as the rounds end, so that an interrupted cell keeps what it has. */
  outcomes: RoundOutcome[]
  ca: string
  progress: Progress
  signal: AbortSignal
  result: DemoResult
}

/** Plays the rounds of one cell. Resolves with how many connections were cut on the way, where the row cuts any. */
async function playCell(run: CellRun): Promise<number | undefined> {
  const { client, servers, row, stack, rounds, outcomes, progress, signal, result } = run
  const server = row.exits
    ? undefined
    : await untilAborted(servers.kept(stack.server, row.patienceMs), signal)
  let proxy: CuttingProxy | undefined
  if (row.cut && server !== undefined) proxy = await createCuttingProxy(server.port)

  async function supply(what: 'server' | 'cut'): Promise<number> {
    if (what === 'server') return (await servers.fresh(stack.server)).port
    proxy?.arm()
    return proxy?.port ?? 0
  }

  const done = new Promise<void>((resolve, reject) => {
    client.onMessage = (message) => {
      switch (message.type) {
        case 'round':
          outcomes.push(message.outcome)
          progress.round({ row: row.id, stack: stack.id })
          return
        case 'need':
          supply(message.what).then((port) => client.send({ type: 'given', id: message.id, port }), reject)
          return
        case 'trace':
          result.ladder = message.events
          return
        case 'cell-done':
          resolve()
          return
        case 'cell-failed':
          reject(new Error(message.message))
          return
        case 'ready':
          return
      }
    }
  })
  client.send({
    type: 'run-cell',
    row: row.id,
    stack: stack.id,
    port: proxy?.port ?? server?.port ?? 0,
    rounds,
    ca: run.ca,
    trace: row.cut === true && stack.id === 'lastword',
  })
  try {
    const ms = cellMs + rounds * cellRoundMs
    await untilAborted(
      withDeadline(Promise.race([done, client.endedEarly()]), ms, `${rounds} rounds`),
      signal,
    )
    return proxy?.cuts
  } finally {
    await proxy?.close()
    await servers.endSpares()
  }
}

function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error('interrupted'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
