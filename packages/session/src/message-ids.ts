/** The ids of the messages that one side of a session sends: a prefix drawn once, and a count behind it. */
export class MessageIds {
  /** How many have been given out. */
  count = 0
  readonly #head: string

  constructor(prefix: string) {
    this.#head = `${prefix}.`
  }

  next(): string {
    return this.#head + (++this.count).toString(radix)
  }

  /** Which of them this is, from 1; 0 if it was not made here. */
  numberOf(id: string): number {
    if (!id.startsWith(this.#head)) return 0
    const start = this.#head.length
    const end = id.length
    if (end === start || end > start + digitsMax || id.charCodeAt(start) === zero) return 0
    let number = 0
    for (let at = start; at < end; at++) {
      const code = id.charCodeAt(at)
      const digit =
        code >= zero && code <= nine ? code - zero : code >= a && code <= z ? code - a + 10 : radix
      if (digit === radix) return 0
      number = number * radix + digit
    }
    return number
  }
}

const radix = 36
/** So many digits are counted exactly. */
const digitsMax = 10
const zero = 48
const nine = 57
const a = 97
const z = 122
