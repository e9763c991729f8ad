/**
 * A deep copy of everything that can be reached from a value: prototypes, maps, sets, bytes and shared references stay
 * what they are. What is frozen is shared, for nobody can change it. A function is refused: it may hold what cannot be
 * copied, and then the copy would not be one.
 */
export function copyGraph<T>(value: T): T {
  return copy(value, new Map()) as T
}

function copy(value: unknown, copies: Map<object, object>): unknown {
  if (typeof value === 'function') throw new TypeError('a state cannot hold a function')
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  const known = copies.get(value)
  if (known !== undefined) return known
  if (Array.isArray(value)) {
    const list = new Array(value.length)
    copies.set(value, list)
    for (let i = 0; i < value.length; i++) list[i] = copy(value[i], copies)
    return list
  }
  if (value instanceof Map) {
    const map = new Map()
    copies.set(value, map)
    for (const [key, entry] of value) map.set(copy(key, copies), copy(entry, copies))
    return map
  }
  if (value instanceof Set) {
    const set = new Set()
    copies.set(value, set)
    for (const entry of value) set.add(copy(entry, copies))
    return set
  }
  if (value instanceof Uint8Array) {
    const bytes = new Uint8Array(value)
    copies.set(value, bytes)
    return bytes
  }
  const twin = Object.create(Object.getPrototypeOf(value)) as Record<string, unknown>
  copies.set(value, twin)
  for (const key of Object.keys(value)) twin[key] = copy((value as Record<string, unknown>)[key], copies)
  return twin
}
