import { expect, test } from 'vitest'
import { HandlersByName } from '../src/handlers-by-name.ts'

test.each([1, 8, 9, 40])(
  '%i names have a handler each, and only the one that is on a name is taken off it',
  (count) => {
    const handlers = new HandlersByName<number>()
    const names = Array.from({ length: count }, (_, index) => `name ${index}`)
    for (const [index, name] of names.entries()) expect(handlers.add(name, index)).toBe(true)
    for (const [index, name] of names.entries()) expect(handlers.add(name, -index)).toBe(false)
    expect(names.map((name) => handlers.get(name))).toEqual(names.map((_, index) => index))
    expect(handlers.get('another')).toBeUndefined()

    handlers.remove('name 0', 99)
    expect(handlers.get('name 0')).toBe(0)
    for (const [index, name] of names.entries()) if (index % 2 === 0) handlers.remove(name, index)
    expect(names.map((name) => handlers.get(name))).toEqual(
      names.map((_, index) => (index % 2 === 0 ? undefined : index)),
    )
    expect(handlers.count).toBe(Math.floor(count / 2))
    expect(handlers.add('name 0', 7)).toBe(true)
    expect(handlers.get('name 0')).toBe(7)
  },
)
