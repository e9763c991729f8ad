/** The text messages of the bare stacks; statistics and other bulk are binary. */
export type BareMessage =
  | { type: 'offer'; sdp: string; row: number; talks: boolean }
  | { type: 'candidate'; candidate: string }
  | { type: 'accepted' }
  | { type: 'answer'; sdp: string }

export function encode(message: BareMessage): string {
  return JSON.stringify(message)
}

export function decode(text: string): BareMessage {
  return JSON.parse(text) as BareMessage
}
