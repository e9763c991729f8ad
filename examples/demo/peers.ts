import type { DataChannel, PeerConnection } from 'node-datachannel'
import { withDeadline } from './deadline.ts'

/** The side that makes the Offer. */
export interface OfferingPeer {
  sdp: string
  /** Applies the Answer. Throws if libdatachannel does not take it. */
  apply(answerSdp: string): void
  /** Resolves when the other peer's message came through the data channel; rejects after `ms`. */
  message(ms: number): Promise<string>
  close(): void
}

/** The side that makes the Answer. */
export interface AnsweringPeer {
  sdp: string
  close(): void
}

/** No STUN, and candidates on the loopback interface only: they are in the SDP within a millisecond. */
const loopback = '127.0.0.1'
const gatheringMs = 5_000
let made = 0

/** A new libdatachannel peer connection with one data channel, and its Offer with all its candidates. */
export async function makeOffer(): Promise<OfferingPeer> {
  const peer = await newPeer()
  let channel: DataChannel | undefined
  const sdp = await gathered(peer, () => {
    channel = peer.createDataChannel('lastword')
  })
  const arrived = new Promise<string>((resolve) => channel?.onMessage((message) => resolve(String(message))))
  return {
    sdp,
    apply: (answerSdp) => peer.setRemoteDescription(answerSdp, 'answer'),
    message: (ms) => withDeadline(arrived, ms, 'a message through the data channel'),
    close() {
      channel?.close()
      peer.close()
    },
  }
}

/** A new libdatachannel peer connection that answers the Offer, and greets through the data channel once it opens. */
export async function makeAnswer(
  offerSdp: string,
  { bindAddress = loopback }: { bindAddress?: string } = {},
): Promise<AnsweringPeer> {
  const peer = await newPeer(bindAddress)
  peer.onDataChannel((channel) => {
    // The peer may find the channel open already when it tells about it.
    if (channel.isOpen()) channel.sendMessage('hello')
    else channel.onOpen(() => channel.sendMessage('hello'))
  })
  const sdp = await gathered(peer, () => peer.setRemoteDescription(withoutCandidates(offerSdp), 'offer'))
  return { sdp, close: () => peer.close() }
}

/**
 * An answering peer that knows where the other one is connects to it before that has the Answer. libdatachannel then
 * fails now and then while it applies the Answer ("Got a remote candidate without ICE transport"): its DTLS meets a
 * certificate whose fingerprint it has not stored yet. Without candidates the answering peer waits to be connected to.
 */
function withoutCandidates(sdp: string): string {
  return sdp.replace(/^a=(candidate:.*|end-of-candidates)\r\n/gm, '')
}

/** The library is loaded by the processes that make peers, not by the one that only directs them. */
async function newPeer(bindAddress = loopback): Promise<PeerConnection> {
  const { default: nodeDataChannel } = await import('node-datachannel')
  made += 1
  return new nodeDataChannel.PeerConnection(`peer-${made}`, { iceServers: [], bindAddress })
}

function gathered(peer: PeerConnection, start: () => void): Promise<string> {
  const complete = new Promise<string>((resolve, reject) => {
    peer.onGatheringStateChange((state) => {
      if (state !== 'complete') return
      const description = peer.localDescription()
      if (description === null)
        reject(new Error('libdatachannel gathered its candidates and has no description'))
      else resolve(description.sdp)
    })
  })
  start()
  return withDeadline(complete, gatheringMs, "libdatachannel's description")
}
