import { describe, expect, it } from 'vitest'
import { copyGraph } from './graph-copy.ts'
import { textOfGraph } from './graph-text.ts'
import { StateStore } from './state-store.ts'

class Part {
  list = [1, 2]
  due = Number.POSITIVE_INFINITY
  count = 0
}

const rules = { countersOnly: new Set(['count']), isClock: (owner: object) => owner instanceof Part }
const textAt = (value: unknown, now: number) => textOfGraph(value, now, rules)

describe('a copy of a state', () => {
  it('keeps prototypes, maps, sets, bytes and what is shared, and shares nothing with the original', () => {
    const part = new Part()
    const original = {
      part,
      again: part,
      map: new Map([['a', [1]]]),
      set: new Set([2]),
      bytes: Uint8Array.of(3),
    }
    const copy = copyGraph(original)
    expect(copy).toEqual(original)
    expect(copy.part).toBeInstanceOf(Part)
    expect(copy.again).toBe(copy.part)
    copy.part.list.push(3)
    copy.map.get('a')?.push(2)
    copy.bytes[0] = 4
    expect(original.part.list).toEqual([1, 2])
    expect(original.map.get('a')).toEqual([1])
    expect([...original.bytes]).toEqual([3])
  })

  it('shares what is frozen, and refuses what could hide something', () => {
    const frozen = Object.freeze({ a: 1 })
    expect(copyGraph({ frozen }).frozen).toBe(frozen)
    expect(() => copyGraph({ hidden: () => 1 })).toThrow(TypeError)
  })
})

describe('the text of a state', () => {
  it('is the same for what cannot be told apart, and another one for anything else', () => {
    expect(textAt({ a: [1, undefined], b: new Set([2]) }, 0)).toBe(
      textAt({ a: [1, undefined], b: new Set([2]) }, 0),
    )
    for (const [one, other] of [
      [{ a: 1 }, { a: '1' }],
      [{ a: 0 }, { a: -0 }],
      [{ a: undefined }, { a: null }],
      [[1], [1, undefined]],
      [new Set([1, 2]), new Set([2, 1])],
      [new Map([[1, 2]]), new Set([1, 2])],
    ]) {
      expect(textAt(one, 0)).not.toBe(textAt(other, 0))
    }
  })

  it('shows what is shared', () => {
    const part = { a: 1 }
    expect(textAt([part, part], 0)).not.toBe(textAt([part, { a: 1 }], 0))
  })

  it('tells points in time by what is left until then, and leaves out what only counts', () => {
    const part = Object.assign(new Part(), { due: 15 })
    const later = Object.assign(new Part(), { due: 25, count: 7 })
    expect(textAt(part, 10)).toBe(textAt(later, 20))
    expect(textAt(part, 10)).not.toBe(textAt(later, 10))
  })
})

describe('a store of states', () => {
  it('gives each state one number, however many there are, and gives it back', () => {
    const store = new StateStore()
    const stateOf = (i: number) => [i % 97, (i * 7919) % 65_537, 5 - i, ...(i % 3 === 0 ? [i] : [])]
    for (let i = 0; i < 50_000; i++) expect(store.idOf(stateOf(i))).toBe(i)
    for (let i = 0; i < 50_000; i += 11) {
      expect(store.idOf(stateOf(i))).toBe(i)
      expect(store.of(i)).toEqual(stateOf(i))
    }
    expect(store.count).toBe(50_000)
  })
})
