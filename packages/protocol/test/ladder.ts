import type { Envelope } from '../src/envelope.ts'
import type { Conversation, FrameJson, Input, Out, Side, Step } from './conversation.ts'

/** Where the server's side of a ladder begins. */
const serverColumn = 34

/**
 * A conversation as a ladder, the way `PROTOCOL.md` prints it: one line for each frame and each close, the client's
 * on the left, the server's on the right, and in brackets what moved a side. A frame that never arrived ends in a cross.
 */
export function ladderOf(conversation: Conversation): string {
  const severalLinks = new Set(conversation.steps.flatMap((step) => step.out.map((out) => out.link))).size > 1
  const arrivals = countArrivals(conversation.steps)
  const lines = [`client${' '.repeat(serverColumn - 6)}server`, '']
  for (const step of conversation.steps) {
    for (const remark of step.inputs.flatMap(remarkOn)) lines.push(aside(step.side, remark))
    for (const out of step.out) {
      const place = severalLinks ? `${out.link}: ` : ''
      lines.push(
        sent(step.side, `${place}${wordsOfOut(out)}`, 'close' in out || arrivals.take(step.side, out.link)),
      )
    }
    for (const event of step.events) {
      if (event.event !== 'ended') continue
      lines.push(aside(step.side, `ended: ${event.report.clean ? 'clean' : event.report.code}`))
    }
  }
  return lines.join('\n')
}

/** Every frame of a conversation as JSON, one a line, with who sent it. */
export function framesOf(conversation: Conversation): string {
  return conversation.steps
    .flatMap((step) =>
      step.out.map((out) =>
        JSON.stringify(
          'close' in out ? { from: step.side, close: out.close } : { from: step.side, frame: out.frame },
        ),
      ),
    )
    .join('\n')
}

/** The short form of an envelope. */
export function wordsOf(envelope: Envelope): string {
  switch (envelope.t) {
    case 'hello':
      return `hello${envelope.fresh ? ' fresh' : ''} link ${envelope.link} got ${envelope.got}`
    case 'welcome':
      return `welcome${envelope.resumed ? ' resumed' : ''} got ${envelope.got}`
    case 'msg': {
      const re = envelope.re === undefined ? '' : ` re "${envelope.re}"`
      const err = envelope.err === undefined ? '' : ` err ${envelope.err.code}`
      return `msg ${envelope.seq} "${envelope.id}"${envelope.ask ? ' ask' : ''}${re}${err}`
    }
    case 'ack':
      return `ack ${envelope.n}${(envelope.also ?? []).map(([from, to]) => ` +${from === to ? from : `${from}-${to}`}`).join('')}`
    case 'fin':
      return `fin ${envelope.seq}${envelope.reason === undefined ? '' : ` "${envelope.reason}"`}`
    case 'cancel':
      return `cancel re "${envelope.re}"`
    case 'note':
      return `note${envelope.ch === undefined ? '' : ` "${envelope.ch}"`}`
    case 'ping':
    case 'pong':
      return `${envelope.t} ${envelope.k}`
    case 'away':
      return `away after ${envelope.after}`
    case 'reset':
      return `reset ${envelope.code}`
  }
}

function wordsOfOut(out: Out): string {
  return 'close' in out ? `close ${out.close}` : wordsOfFrame(out.frame)
}

function wordsOfFrame(frame: FrameJson): string {
  if (Array.isArray(frame)) return `[${frame.map(wordsOf).join(', ')}]`
  if ('header' in frame) return `{${wordsOf(frame.header)} + ${frame.payloadHex.length / 2} bytes}`
  throw new Error('no side sends such a frame')
}

function remarkOn(input: Input): string[] {
  switch (input.type) {
    case 'link-start':
      return [`opens link ${input.link}${input.early ? ', first frame in the upgrade request' : ''}`]
    case 'link-end':
      return input.clean ? [] : [`link ${input.link} is lost`]
    case 'handled':
      return [`has handled ${input.seq}`]
    case 'close':
      return ['closes']
    default:
      return []
  }
}

function aside(side: Side, words: string): string {
  return `${side === 'client' ? '' : ' '.repeat(serverColumn)}(${words})`
}

function sent(side: Side, words: string, arrives: boolean): string {
  if (side === 'client') return `${words}  ───${arrives ? '▶' : '✕'}`
  return `${' '.repeat(serverColumn - 6)}${arrives ? '◀' : '✕'}───  ${words}`
}

/** On each link and in each direction the first frames arrive, and what was lost is behind them. */
function countArrivals(steps: Step[]): { take(from: Side, link: number): boolean } {
  const left = new Map<string, number>()
  for (const step of steps) {
    for (const input of step.inputs) {
      if (input.type !== 'frame') continue
      const key = `${step.side === 'client' ? 'server' : 'client'} ${input.link}`
      left.set(key, (left.get(key) ?? 0) + 1)
    }
  }
  return {
    take(from, link) {
      const key = `${from} ${link}`
      const count = left.get(key) ?? 0
      left.set(key, count - 1)
      return count > 0
    },
  }
}
