import { certificate } from '@lastword/testkit'
import { Child } from '../child.ts'
import { within } from '../deadline.ts'
import { type Part, type PartOptions, type Side, sides } from '../part.ts'
import { countOf } from './chunks.ts'
import { type FromEnd, type Load, type ToEnd, type Told, type Way, ways } from './messages.ts'

type End = Child<ToEnd, FromEnd>

const mebibyte = 1024 * 1024
const totalBytes = { whole: 1024 * mebibyte, short: 64 * mebibyte }
const heapMiB = 64
/**
 * A process with this heap may not be larger at any moment: Node itself, TLS, and buffers, which live outside the heap,
 * add to it. Far below what is sent.
 */
const residentBytesMax = 256 * mebibyte
/** How long all of it may take, on a machine that is busy with others. */
const limitMs = { whole: 600_000, short: 90_000 }

export const producer: Part = {
  name: 'producer',
  description: `a producer that offers 1 GiB to a slow handler, each way, with ${heapMiB} MiB of heap on both sides`,
  async run(options) {
    const lines: string[] = []
    for (const side of sides) {
      for (const way of ways) {
        // In the slice each side goes one of the ways.
        if (options.short && sides.indexOf(side) !== ways.indexOf(way)) continue
        lines.push(await send(side, way, options))
      }
    }
    return lines.join('; ')
  },
}

async function send(side: Side, way: Way, options: PartOptions): Promise<string> {
  const size = options.short ? 'short' : 'whole'
  const load: Load = { producer: side, way, bytes: totalBytes[size] }
  const ends = [newEnd(), newEnd()] as const
  const [server, client] = ends
  const stop = () => void Promise.all(ends.map((end) => end.kill()))
  options.signal.addEventListener('abort', stop)
  try {
    const { key, cert } = await certificate()
    server.send({ type: 'serve', key, cert, load })
    const { port } = await server.next(isListening, 20_000, 'the server to listen')
    client.send({ type: 'connect', port, ca: cert, load })
    const startedAt = performance.now()
    const progress = (bytes: number) => {
      options.progress(
        Math.round(bytes / mebibyte),
        load.bytes / mebibyte,
        `MiB handled, from the ${side} by ${way}`,
      )
    }
    const [fromServer, fromClient] = await within(
      limitMs[size],
      'everything to be handled',
      Promise.all(ends.map((end) => finished(end, progress))),
    )
    const told = { server: fromServer as Told, client: fromClient as Told }
    return check(load, told, (performance.now() - startedAt) / 1000)
  } finally {
    options.signal.removeEventListener('abort', stop)
    await Promise.all(ends.map((end) => end.end()))
  }
}

function newEnd(): End {
  return new Child('producer-process', [`--max-old-space-size=${heapMiB}`])
}

/** Rejects when the process fails, as it does when its heap is full. */
function finished(end: End, onHandled: (bytes: number) => void): Promise<Told> {
  const told = new Promise<Told>((resolve, reject) => {
    end.onMessage = (message) => {
      if (message.type === 'finished') resolve(message.told)
      else if (message.type === 'failed') reject(new Error(message.message))
      else if (message.type === 'handled') onHandled(message.bytes)
    }
  })
  return Promise.race([told, end.endedEarly()])
}

function check(load: Load, told: Record<Side, Told>, seconds: number): string {
  const { sent, waits } = told[load.producer]
  const { handled } = told[load.producer === 'client' ? 'server' : 'client']
  const peak = (side: Side) => `${Math.round(told[side].peakBytes / mebibyte)} MiB`
  const line =
    `${load.bytes / mebibyte} MiB from the ${load.producer} by ${load.way} in ${seconds.toFixed(0)} s, ${sent} messages, ` +
    `${waits} waits for room, at most ${peak('client')} resident in the client and ${peak('server')} in the server`
  if (sent !== countOf(load.bytes) || handled !== sent) throw new Error(`${handled} handled: ${line}`)
  if (waits === 0) throw new Error(`the handler was not slower than the producer: ${line}`)
  if (sides.some((side) => told[side].peakBytes > residentBytesMax)) {
    throw new Error(`more than ${residentBytesMax / mebibyte} MiB were resident: ${line}`)
  }
  return line
}

type Listening = Extract<FromEnd, { type: 'listening' }>

function isListening(message: FromEnd): message is Listening {
  return message.type === 'listening'
}
