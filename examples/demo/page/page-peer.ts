import type { Answer } from '../serve/news.ts'

/** How long the browser may look for its candidates, and a data channel may take to open, in ms. */
const gatheringMs = 1_000
const openingMs = 10_000

/** The page's end of a WebRTC call: a peer connection of the browser with one data channel. */
export class PagePeer {
  /** The Offer with all its candidates, or a text where the browser has no WebRTC. */
  readonly offer: string
  readonly #connection: RTCPeerConnection | undefined
  readonly #greeting: Promise<void>

  private constructor(offer: string, connection: RTCPeerConnection | undefined, greeting: Promise<void>) {
    this.offer = offer
    this.#connection = connection
    this.#greeting = greeting
  }

  static async make(): Promise<PagePeer> {
    if (typeof RTCPeerConnection !== 'function') {
      return new PagePeer('an offer of a page without WebRTC', undefined, new Promise(() => {}))
    }
    const connection = new RTCPeerConnection()
    const channel = connection.createDataChannel('lastword')
    const greeting = new Promise<void>((resolve) => {
      channel.onmessage = () => resolve()
    })
    await connection.setLocalDescription()
    await Promise.race([gathered(connection), delay(gatheringMs)])
    return new PagePeer(connection.localDescription?.sdp ?? '', connection, greeting)
  }

  /**
   * Applies the Answer. Resolves with true when the server's greeting has come through the data channel, with false if it
   * has not in time, or the Answer is only a text.
   */
  async connects(answer: Answer): Promise<boolean> {
    if (answer.sdp === undefined || this.#connection === undefined) return false
    try {
      await this.#connection.setRemoteDescription({ type: 'answer', sdp: answer.sdp })
      return await Promise.race([this.#greeting.then(() => true), delay(openingMs).then(() => false)])
    } catch {
      return false
    }
  }

  close(): void {
    this.#connection?.close()
  }
}

function gathered(connection: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    const look = () => connection.iceGatheringState === 'complete' && resolve()
    connection.addEventListener('icegatheringstatechange', look)
    look()
  })
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
