/**
 * Which sessions the pages of this tab had: what is loaded in the place of such a page goes on with them, whichever
 * others there are. Kept where it lives as long as the tab.
 */
export class TabMemory {
  readonly #key: string

  constructor(database: string, url: string) {
    this.#key = `lastword:${database}:${url}`
  }

  recall(): ReadonlySet<string> {
    return new Set(storage()?.getItem(this.#key)?.split(' '))
  }

  note(sid: string): void {
    const sids = [...this.recall()].filter((other) => other !== sid)
    try {
      storage()?.setItem(this.#key, [...sids, sid].slice(-sidsMax).join(' '))
    } catch {
      // It is full: the page will be one among others.
    }
  }
}

/** More than a page has sessions with one server. */
const sidsMax = 16

/** There is none where cookies are blocked. */
function storage(): Storage | undefined {
  try {
    return globalThis.sessionStorage
  } catch {
    return undefined
  }
}
