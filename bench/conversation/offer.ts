/** What a client asks, about as long as a short SDP. */
export const offer = { sdp: `v=0 offer ${'a=candidate '.repeat(20)}` }

export function answerTo(message: unknown): { sdp: string } {
  const { sdp } = message as { sdp: string }
  if (!sdp.startsWith('v=0 offer')) throw new Error(`that is no offer: ${sdp}`)
  return { sdp: `v=0 answer${sdp.slice(9)}` }
}

/** @throws if it is not the answer to `offer` */
export function checkAnswer(message: unknown): void {
  const { sdp } = message as { sdp?: string }
  if (sdp !== answerTo(offer).sdp) throw new Error(`that is not the answer: ${JSON.stringify(message)}`)
}
