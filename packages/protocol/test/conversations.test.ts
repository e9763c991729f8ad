import { describe, expect, it } from 'vitest'
import { resetCodes } from '../src/codes.ts'
import { decodeEarly, encodeEarly } from '../src/early.ts'
import { envelopeKinds } from '../src/envelope.ts'
import { type Conversation, conversationNamed, conversations, type Step } from './conversation.ts'
import { runAlone, runTogether } from './conversation-run.ts'

describe('each side on its own does what the conversation says', () => {
  for (const conversation of conversations) {
    for (const side of conversation.sides) {
      it(`${conversation.name}, ${side} (${conversation.rules.join(', ')})`, () =>
        runAlone(conversation, side))
    }
  }
})

describe('both sides, fed what the other one made, do what the conversation says', () => {
  for (const conversation of conversations.filter(({ sides }) => sides.length === 2)) {
    it(`${conversation.name} (${conversation.rules.join(', ')})`, () => runTogether(conversation))
  }
})

describe('the conversations as a whole', () => {
  it('have names of their own', () => {
    const names = conversations.map(({ name }) => name)
    expect(names).toEqual([...new Set(names)])
  })

  it('have only steps of the sides that they name, in the order of time', () => {
    for (const { name, sides, steps } of conversations) {
      expect([name, steps.filter(({ side }) => !sides.includes(side))]).toEqual([name, []])
      const times = steps.map(({ now }) => now)
      expect([name, times]).toEqual([name, [...times].sort((a, b) => a - b)])
    }
  })

  it('use every kind of envelope', () => {
    const kinds = new Set(
      conversations
        .flatMap(({ steps }) => steps)
        .flatMap(({ out }) => out)
        .flatMap((out) => {
          if (!('frame' in out)) return []
          if (Array.isArray(out.frame)) return out.frame.map(({ t }) => t)
          return 'header' in out.frame ? [out.frame.header.t] : []
        }),
    )
    expect(kinds).toEqual(new Set(envelopeKinds))
  })

  it('end with reset codes that exist', () => {
    for (const event of conversations.flatMap(({ steps }) => steps).flatMap(({ events }) => events)) {
      if (event.event === 'ended') expect(['finished', ...resetCodes]).toContain(event.report.code)
    }
  })

  it('carry an early frame that is the subprotocol of its text', () => {
    const early = conversations
      .flatMap(({ steps }) => steps)
      .flatMap(({ out }) => out.filter((o) => 'early' in o))
    expect(early).not.toEqual([])
    for (const out of early) {
      const text = JSON.stringify('frame' in out ? out.frame : undefined)
      expect(decodeEarly([encodeEarly(text) ?? 'too long'])).toBe(text)
    }
  })
})

describe('a run fails when', () => {
  const changed = (change: (steps: Step[]) => void): Conversation => {
    const conversation = structuredClone(conversationNamed('answer-and-close'))
    change(conversation.steps)
    return conversation
  }
  const answer = (steps: Step[]): Step => {
    const step = steps[2]
    if (step === undefined) throw new Error('answer-and-close has lost its answer')
    return step
  }

  it('the file expects an envelope that is not sent', () => {
    const more = changed((steps) => {
      const out = answer(steps).out[0]
      if (out !== undefined && 'frame' in out && Array.isArray(out.frame)) out.frame.push({ t: 'ping', k: 1 })
    })
    expect(() => runAlone(more, 'server')).toThrow()
    expect(() => runTogether(more)).toThrow()
  })

  it('the file leaves out something that is sent', () => {
    expect(() =>
      runAlone(
        changed((steps) => answer(steps).out.pop()),
        'server',
      ),
    ).toThrow()
  })

  it('the file leaves out an event', () => {
    expect(() =>
      runAlone(
        changed((steps) => answer(steps).events.pop()),
        'server',
      ),
    ).toThrow()
  })

  it('a deadline passes unnoticed', () => {
    const late = changed((steps) => {
      for (const step of steps.slice(3)) step.now += 15_001
    })
    expect(() => runAlone(late, 'server')).toThrow()
  })

  it('a link ends with a frame under way and is said to have ended cleanly', () => {
    const lost = changed((steps) => {
      const last = steps[5]
      if (last !== undefined) last.inputs = last.inputs.filter(({ type }) => type !== 'frame')
    })
    expect(() => runTogether(lost)).toThrow()
  })
})
