/** What the two programs say to each other besides Offer and Answer, the same bytes for every stack. */

const chunkBytes = 64 * 1024
/** About what one ICE candidate takes with its mid, its ufrag and its network's attributes. */
const candidateChars = 128

/** Messages of 64 KiB that are `bytes` long together. */
export function chunksOf(bytes: number): Uint8Array[] {
  const chunk = new Uint8Array(chunkBytes).fill(0x2e)
  return Array.from({ length: Math.ceil(bytes / chunkBytes) }, () => chunk)
}

/** Candidates that are `bytes` long together, each as it would stand in SDP. */
export function candidatesOf(bytes: number): string[] {
  return Array.from({ length: Math.ceil(bytes / candidateChars) }, (_, index) => candidate(index))
}

export function candidate(index: number): string {
  const text = `candidate:${index + 1} 1 UDP ${2114977791 - index} 127.0.0.1 ${20_000 + (index % 40_000)} typ host ufrag demo`
  return text.padEnd(candidateChars, ' generation 0 network-id 1 network-cost 50')
}
