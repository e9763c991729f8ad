/** How many connections are being opened at once. */
const atOnce = 20

/** Rejects with the first failure. */
export async function openMany(count: number, open: () => Promise<void>): Promise<void> {
  let begun = 0
  const lane = async () => {
    while (begun < count) {
      begun += 1
      await open()
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}
