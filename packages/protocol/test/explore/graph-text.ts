/** What of a state does not belong to its identity. */
export interface TextRules {
  /** Names of properties that only count: nothing that happens later depends on them. */
  readonly countersOnly: ReadonlySet<string>
  /** True for an object whose numbers are points in time. They are written as what is left until then. */
  isClock(owner: object): boolean
}

/**
 * Everything that can be reached from a value, as one text: two values have the same one only if nothing can tell them
 * apart. Objects are numbered as they are met, so that shared references show.
 *
 * @param now - the time of the state, for its clocks
 */
export function textOfGraph(value: unknown, now: number, rules: TextRules): string {
  const met = new Map<object, number>()
  let text = ''

  function write(part: unknown): void {
    if (typeof part === 'string') text += JSON.stringify(part)
    else if (typeof part !== 'object' || part === null) text += wordOf(part)
    else writeObject(part)
  }

  function writeObject(object: object): void {
    const known = met.get(object)
    if (known !== undefined) {
      text += `@${known}`
      return
    }
    met.set(object, met.size)
    if (Array.isArray(object)) return writeList('[', object)
    if (object instanceof Map) return writeList('M', [...object].flat())
    if (object instanceof Set) return writeList('S', [...object])
    if (object instanceof Uint8Array) return writeList('B', [...object])
    const isClock = rules.isClock(object)
    text += '{'
    for (const [name, entry] of Object.entries(object)) {
      if (rules.countersOnly.has(name)) continue
      text += `${name}:`
      write(isClock && typeof entry === 'number' ? entry - now : entry)
      text += ','
    }
    text += '}'
  }

  function writeList(mark: string, list: unknown[]): void {
    text += mark
    // What stands behind the last value that is set says nothing: many rings and tables are mostly empty.
    let end = list.length
    while (end > 0 && list[end - 1] === undefined) end--
    text += list.length
    for (let i = 0; i < end; i++) {
      text += ','
      write(list[i])
    }
    text += ']'
  }

  write(value)
  return text
}

function wordOf(value: unknown): string {
  if (typeof value === 'function') throw new TypeError('a state cannot hold a function')
  if (Object.is(value, -0)) return '-0'
  return value === undefined ? 'u' : String(value)
}
