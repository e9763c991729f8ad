/** Why a message is refused that the peer would not take. */
export function tooLargeWords(maxBytes: number): string {
  return `it is larger than the ${maxBytes} bytes that the peer takes`
}
