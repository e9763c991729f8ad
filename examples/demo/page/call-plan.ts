import type { Answer } from '../serve/news.ts'
import type { Situation } from '../serve/situations.ts'

/** What one call is to do, the same over both. */
export interface CallPlan {
  url: string
  situation: Situation
  offer: string
  /** Resolves once the other call is connected as well, where the situation asks for that. */
  connected(): Promise<void>
  /** The Answer is there. Resolves when the call it makes is up, or is known not to be. */
  answered(answer: Answer): Promise<void>
  /** Resolves when the server has reset the connection, in the situation in which the page is reloaded then. */
  cut(): Promise<void>
}

/** The page's side of a call. */
export interface PlayedCall {
  /** Resolves when the page is ready to be reloaded, in the situation that is about that; else never. */
  leaving: Promise<void>
  /** Resolves when the page's side is over. */
  over: Promise<void>
}

/** No call takes longer, in ms. */
export const callMs = 20_000

/** One message of statistics. Its content means nothing; that it does not compress is as real ones are. */
export function statisticsOf(bytes: number): Uint8Array<ArrayBuffer> {
  const message = new Uint8Array(bytes)
  for (let at = 0; at < bytes; at += randomBytesMax) {
    crypto.getRandomValues(message.subarray(at, Math.min(bytes, at + randomBytesMax)))
  }
  return message
}

/** As many as a browser gives at a time. */
const randomBytesMax = 65_536
