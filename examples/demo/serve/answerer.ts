import { networkInterfaces } from 'node:os'
import { makeAnswer } from '../peers.ts'
import type { Answer, PeersState } from './news.ts'

/** How long a peer connection is kept for its data channel to open, in ms. */
const peerKeptMs = 15_000
/** Peer connections that live at once; past it the oldest is closed. */
const peersMax = 50

/** Makes Answers by libdatachannel, or where that cannot be loaded, texts. */
export class Answerer {
  readonly state: PeersState
  readonly #peers = new Set<{ close(): void }>()

  private constructor(state: PeersState) {
    this.state = state
  }

  /** Tries whether libdatachannel is there: it is a native module, which is not built for every platform. */
  static async start(without: boolean): Promise<Answerer> {
    if (without) return new Answerer({ available: false, why: 'the server was started without it' })
    try {
      await import('node-datachannel')
      return new Answerer({ available: true })
    } catch (error) {
      const [why] = (error instanceof Error ? error.message : String(error)).split('\n')
      return new Answerer({ available: false, why: why ?? 'it does not load' })
    }
  }

  /** Never rejects: a page that made a bad Offer is told so, and has lost nothing. */
  async answer(offer: string): Promise<Answer> {
    if (!this.state.available || !offer.startsWith('v=0')) {
      return { text: `the answer to an offer of ${offer.length} characters` }
    }
    try {
      const peer = await makeAnswer(offer, { bindAddress: ownAddress() })
      this.#keep(peer)
      return { sdp: peer.sdp }
    } catch (error) {
      return { text: `libdatachannel has no answer: ${error instanceof Error ? error.message : error}` }
    }
  }

  close(): void {
    for (const peer of this.#peers) peer.close()
    this.#peers.clear()
  }

  #keep(peer: { close(): void }): void {
    this.#peers.add(peer)
    const end = (gone: { close(): void }) => {
      if (this.#peers.delete(gone)) gone.close()
    }
    setTimeout(() => end(peer), peerKeptMs).unref()
    const [oldest] = this.#peers
    if (this.#peers.size > peersMax && oldest !== undefined) end(oldest)
  }
}

/**
 * An address of this machine that is not the loopback one, if it has one: Firefox connects no peers over loopback. What
 * goes between two peers of one machine does not leave it either way.
 */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((ofOne) => ofOne ?? [])
  const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)
  return own?.address ?? '127.0.0.1'
}
