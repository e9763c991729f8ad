/** What this tab keeps over a reload. A browser may forbid it; then nothing is kept, and the page works all the same. */
export const tabStorage = {
  read(key: string): string | undefined {
    try {
      return sessionStorage.getItem(key) ?? undefined
    } catch {
      return undefined
    }
  },

  write(key: string, value: string): void {
    try {
      sessionStorage.setItem(key, value)
    } catch {
      // Forbidden, or full.
    }
  },

  remove(key: string): void {
    try {
      sessionStorage.removeItem(key)
    } catch {
      // There is nothing to be removed.
    }
  },
}
