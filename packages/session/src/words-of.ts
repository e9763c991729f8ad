/** What was thrown, in words: anything may be, also what cannot be made a string. */
export function wordsOf(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return `a value of type ${typeof thrown} was thrown`
  }
}
