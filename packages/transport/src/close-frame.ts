/** True for the close codes that a WebSocket may send (RFC 6455, 7.4, and the registry): not 1004, 1005, 1006, 1015. */
export function isSendableCode(code: number): boolean {
  return (
    Number.isInteger(code) &&
    ((code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) ||
      (code >= 3000 && code <= 4999))
  )
}

/** The most bytes of UTF-8 that the reason in a close frame may have. */
export const reasonBytesMax = 123

/** The longest beginning of a reason that fits into a close frame, cut between characters. */
export function fitReason(reason: string): string {
  const encoder = new TextEncoder()
  // No character takes less than a byte.
  let fitting = reason.slice(0, reasonBytesMax)
  while (encoder.encode(fitting).length > reasonBytesMax) fitting = [...fitting].slice(0, -1).join('')
  return fitting
}
