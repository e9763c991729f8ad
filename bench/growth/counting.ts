let count = 0
let expected = Number.POSITIVE_INFINITY
let whole = () => {}

/** Called for each message that has arrived, parsed. */
export function take(): void {
  count += 1
  if (count === expected) whole()
}

/** The commands that every receiver has. */
export const counting = {
  /** Counts from nothing again. */
  expect(messages: number): void {
    count = 0
    expected = messages
    whole = () => {}
  },
  /** Resolves when all messages that are expected are here. */
  async all(): Promise<void> {
    if (count < expected) await new Promise<void>((resolve) => (whole = resolve))
  },
}
