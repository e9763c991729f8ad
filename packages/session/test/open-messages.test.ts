import { describe, expect, test } from 'vitest'
import { IncomingMessage } from '../src/incoming-message.ts'
import { OpenMessages } from '../src/open-messages.ts'

describe('open messages', () => {
  test('they stand in the order of their numbers, whichever is handled first', () => {
    const open = new OpenMessages()
    const messages = [1, 2, 3, 4].map((seq) => message(seq))
    for (const one of messages) open.add(one)
    expect(open.remove(messages[1] as IncomingMessage)).toBe(true)
    expect(open.remove(messages[1] as IncomingMessage)).toBe(false)
    expect(open.remove(messages[0] as IncomingMessage)).toBe(true)
    expect(open.all().map(({ seq }) => seq)).toEqual([3, 4])
    expect(open.count).toBe(2)
  })

  test('a session that goes on with high numbers takes no room for the lower ones', () => {
    const open = new OpenMessages()
    const first = message(2 ** 40)
    open.add(first)
    expect(open.all()).toEqual([first])
    expect(open.remove(first)).toBe(true)
    const later = message(2 ** 50)
    open.add(later)
    expect(open.all()).toEqual([later])
  })

  test('a request is found by its id, whether it came before the first question or after it', () => {
    const open = new OpenMessages()
    const [before, after, handled] = [message(1, 'before'), message(2, 'after'), message(3, 'handled')]
    open.add(before)
    expect(open.request('before')).toBe(before)
    open.add(after)
    expect(open.request('after')).toBe(after)
    open.add(handled)
    open.remove(handled)
    expect(open.request('handled')).toBeUndefined()
    expect(open.request('never')).toBeUndefined()
  })

  test('of two requests with one id the latest is found, until it is handled', () => {
    const open = new OpenMessages()
    expect(open.request('twice')).toBeUndefined()
    const [first, second] = [message(1, 'twice'), message(2, 'twice')]
    open.add(first)
    open.add(second)
    open.remove(first)
    expect(open.request('twice')).toBe(second)
  })

  test('nothing is left once it is cleared, and it can be filled again', () => {
    const open = new OpenMessages()
    const messages = [1, 2, 3].map((seq) => message(seq))
    for (const one of messages) open.add(one)
    open.clear()
    expect(open.count).toBe(0)
    expect(open.all()).toEqual([])
    expect(open.remove(messages[0] as IncomingMessage)).toBe(false)
    open.add(message(4))
    expect(open.all().map(({ seq }) => seq)).toEqual([4])
  })
})

function message(seq: number, id = `id${seq}`): IncomingMessage {
  const nobody = { answer: () => {}, answerError: () => {} }
  return new IncomingMessage({ t: 'msg', seq, id, ask: true }, undefined, false, nobody)
}
