/**
 * Handlers by their names. Most sessions have a few: those stand in a list that is walked, which takes a fraction of what
 * a table does, and needs no hash of each name that comes. With more of them there is a table as well.
 */
export class HandlersByName<Handler> {
  count = 0
  #first: Named<Handler> | undefined
  #table: Map<string, Handler> | undefined

  get(name: string): Handler | undefined {
    if (this.#table !== undefined) return this.#table.get(name)
    for (let one = this.#first; one !== undefined; one = one.next) if (one.name === name) return one.handler
    return undefined
  }

  /** False if the name has a handler already. */
  add(name: string, handler: Handler): boolean {
    if (this.get(name) !== undefined) return false
    this.#first = { name, handler, next: this.#first }
    this.count++
    this.#table?.set(name, handler)
    if (this.count > walkedMax) this.#table ??= this.#tableOfAll()
    return true
  }

  /** Takes a handler off its name, if it is on it. */
  remove(name: string, handler: Handler): void {
    let before: Named<Handler> | undefined
    for (let one = this.#first; one !== undefined; before = one, one = one.next) {
      if (one.name !== name || one.handler !== handler) continue
      if (before === undefined) this.#first = one.next
      else before.next = one.next
      this.count--
      this.#table?.delete(name)
      return
    }
  }

  #tableOfAll(): Map<string, Handler> {
    const table = new Map<string, Handler>()
    for (let one = this.#first; one !== undefined; one = one.next) table.set(one.name, one.handler)
    return table
  }
}

interface Named<Handler> {
  readonly name: string
  readonly handler: Handler
  next: Named<Handler> | undefined
}

const walkedMax = 8
