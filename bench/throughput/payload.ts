import type { PayloadName } from './work.ts'

/** A message as an application has it: an object that becomes JSON, or bytes. */
export type Message = { readonly n: number; readonly text: string } | Uint8Array

/** Bytes of a message's payload; of JSON, all of it. */
export const bytesOf: Readonly<Record<PayloadName, number>> = {
  '64B': 64,
  '64B-binary': 64,
  '1KiB': 1024,
  '64KiB-text': 65_536,
  '64KiB-binary': 65_536,
}

export function isBinary(payload: PayloadName): boolean {
  return payload.endsWith('-binary')
}

/** Copying it costs more than everything else that is done to a message. */
export function isLarge(payload: PayloadName): boolean {
  return bytesOf[payload] > 16_384
}

/** What stands around the text of a message as JSON, with the number's seven digits. */
const frameBytes = JSON.stringify({ n: 1_000_000, text: '' }).length
const words = 'the last message of a conversation arrives '

/** Makes the messages of one payload: each a new object, or new bytes, as an application would. */
export function messagesOf(payload: PayloadName): (n: number) => Message {
  const bytes = bytesOf[payload]
  if (isBinary(payload)) {
    const body = Buffer.alloc(bytes, words)
    return (n) => {
      const message = Buffer.allocUnsafeSlow(bytes)
      body.copy(message)
      message.writeUInt32BE(n)
      return message
    }
  }
  const text = words.repeat(Math.ceil(bytes / words.length)).slice(0, bytes - frameBytes)
  return (n) => ({ n, text })
}

/** The message as bare ws sends it. */
export function wireOf(message: Message): string | Uint8Array {
  return message instanceof Uint8Array ? message : JSON.stringify(message)
}

/** The number in a message that has arrived, parsed: reading it is what a receiver has to prove. */
export function numberIn(message: unknown): number {
  if (message instanceof Uint8Array) {
    return (
      ((message[0] ?? 0) << 24) | ((message[1] ?? 0) << 16) | ((message[2] ?? 0) << 8) | (message[3] ?? 0)
    )
  }
  return (message as { n: number }).n
}
