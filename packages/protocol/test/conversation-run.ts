import { expect } from 'vitest'
import type { Frame } from '../src/envelope.ts'
import type { Conversation, Side, Step } from './conversation.ts'
import { configOf } from './conversation.ts'
import {
  ConversationSide,
  eachEvent,
  expectSameFrame,
  expectSameOut,
  frameOf,
  type MakeMachine,
  type Turn,
} from './conversation-side.ts'

/** Runs one side against the file: what comes from its peer is what the steps say. */
export function runAlone(conversation: Conversation, side: Side, make?: MakeMachine): void {
  const machine = new ConversationSide(side, configOf(conversation, side), make)
  for (const step of conversation.steps) {
    if (step.side !== side) continue
    expectOnTime(machine, step)
    expectTurn(
      machine.turn(step.inputs, step.now, (_, frame) => frameOf(frame)),
      step,
    )
  }
}

/**
 * Runs both sides against each other: each is fed the very frames that the other one made, and both must do what
 * the file says. Then what the file says of the links is itself checked: see `Wire`.
 */
export function runTogether(conversation: Conversation, makeClient?: MakeMachine): void {
  const machines = {
    client: new ConversationSide('client', configOf(conversation, 'client'), makeClient),
    server: new ConversationSide('server', configOf(conversation, 'server')),
  }
  const wire = new Wire()
  for (const step of conversation.steps) {
    const machine = machines[step.side]
    expectOnTime(machine, step)
    const turn = machine.turn(step.inputs, step.now, (link, frame) => {
      const sent = wire.receive(step.side, link)
      expectSameFrame(sent.json, frame)
      return sent.frame
    })
    for (const input of step.inputs) if (input.type === 'link-end') wire.end(step.side, input)
    for (const { out, frame } of turn.emissions) {
      if ('close' in out) wire.close(step.side, out.link, out.close)
      else wire.send(step.side, out.link, { frame: frame as Frame, json: out.frame })
    }
    expectTurn(turn, step)
  }
  wire.expectNothingForgotten()
}

/** A side is told the time when it asked for it, and no step lets a deadline pass. */
function expectOnTime(machine: ConversationSide, step: Step): void {
  const due = machine.nextTimeout()
  if (step.inputs[0]?.type === 'time') expect(due).toBe(step.now)
  else expect(due).toBeGreaterThanOrEqual(step.now)
}

function expectTurn(turn: Turn, step: Step): void {
  expectSameOut(
    turn.emissions.map(({ out }) => out),
    step.out,
  )
  expect(turn.events).toEqual(eachEvent(step.events))
}

interface SentFrame {
  frame: Frame
  json: Parameters<typeof expectSameFrame>[0]
}

/**
 * What is under way between the two sides. A frame arrives in order, and is lost only with a link that was cut, or
 * that its receiver had given up; a clean end comes behind everything sent, with a code that one of the two said.
 */
class Wire {
  readonly #underWay = new Map<string, SentFrame[]>()
  readonly #closes = new Map<number, number[]>()
  readonly #mayLose = new Set<string>()

  send(from: Side, link: number, sent: SentFrame): void {
    this.#queue(other(from), link).push(sent)
  }

  receive(to: Side, link: number): SentFrame {
    const sent = this.#queue(to, link).shift()
    if (sent === undefined) throw new Error(`nothing is under way to the ${to} on link ${link}`)
    return sent
  }

  close(from: Side, link: number, code: number): void {
    this.#closes.set(link, [...(this.#closes.get(link) ?? []), code])
    this.#mayLose.add(`${from} ${link}`)
  }

  end(to: Side, end: { link: number; code: number; clean: boolean }): void {
    if (!end.clean) {
      this.#mayLose.add(`${to} ${end.link}`)
      return
    }
    expect(this.#closes.get(end.link) ?? []).toContain(end.code)
    if (!this.#mayLose.has(`${to} ${end.link}`)) expect(this.#queue(to, end.link)).toEqual([])
  }

  expectNothingForgotten(): void {
    for (const [key, queue] of this.#underWay) {
      if (!this.#mayLose.has(key)) expect({ to: key, underWay: queue }).toEqual({ to: key, underWay: [] })
    }
  }

  #queue(to: Side, link: number): SentFrame[] {
    const key = `${to} ${link}`
    const queue = this.#underWay.get(key) ?? []
    this.#underWay.set(key, queue)
    return queue
  }
}

function other(side: Side): Side {
  return side === 'client' ? 'server' : 'client'
}
