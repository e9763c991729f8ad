import { expect } from '@playwright/test'
import { type AnsweringPeer, makeAnswer } from '../examples/demo/peers.ts'
import { complaintsOf } from './complaints.ts'
import { test } from './lastword-test.ts'
import { reportsOf } from './reports.ts'

const rounds = 200
/** Calls that are under way at the same time: enough to keep a small machine busy. */
const atOnce = 4

declare global {
  /** Ends the server's peer of one call; the page calls it when it has ended its own. */
  var hangUp: (round: number) => Promise<void>
}

test(`${rounds} calls: the Answer arrives from a server that closes at once, and each data channel talks`, async ({
  page,
  site,
}, testInfo) => {
  test.setTimeout(150_000)
  const peers = new Map<number, AnsweringPeer>()
  const hangUp = (round: number) => {
    peers.get(round)?.close()
    peers.delete(round)
  }
  site.adapter.onSession((session) => {
    session.handle('offer', async (payload) => {
      const { round, sdp } = payload as { round: number; sdp: string }
      const peer = await makeAnswer(sdp)
      peers.set(round, peer)
      void session.close()
      return peer.sdp
    })
  })
  await page.exposeFunction('hangUp', hangUp)
  const complaints = complaintsOf(page)
  await page.goto(`${site.origin}/script-tag`)
  try {
    const startedAt = performance.now()
    const outcomes = await page.evaluate(
      async ({ url, rounds, atOnce }) => {
        const outcomes: unknown[] = []
        let next = 0

        async function callWhileThereIsOne(): Promise<void> {
          while (next < rounds) {
            const round = next++
            outcomes[round] = await call(round).catch((error) => {
              // One that is lost is enough, and each of the others would take as long to give up.
              next = rounds
              return String(error)
            })
          }
        }

        async function call(round: number) {
          const peer = new RTCPeerConnection()
          try {
            const channel = peer.createDataChannel('lastword')
            const greeting = new Promise((resolve, reject) => {
              channel.onmessage = ({ data }) => resolve(data)
              AbortSignal.timeout(30_000).onabort = () => {
                reject(new Error(`nothing came through: ${peer.iceConnectionState}, ${peer.connectionState}`))
              }
            })
            await peer.setLocalDescription()
            const session = lastword.connect(url, { signal: AbortSignal.timeout(30_000) })
            const sdp = await session.request('offer', { round, sdp: peer.localDescription?.sdp ?? '' })
            const { clean } = await session.closed
            await peer.setRemoteDescription({ type: 'answer', sdp: sdp as string })
            return { clean, greeting: await greeting, channel: channel.readyState }
          } finally {
            peer.close()
            await hangUp(round)
          }
        }

        await Promise.all(Array.from({ length: atOnce }, callWhileThereIsOne))
        return outcomes
      },
      { url: site.url, rounds, atOnce },
    )
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    testInfo.annotations.push({ type: 'time', description: `${rounds} calls took ${seconds} s` })
    expect(outcomes).toEqual(Array(rounds).fill({ clean: true, greeting: 'hello', channel: 'open' }))
  } finally {
    for (const round of peers.keys()) hangUp(round)
  }
  const reports = await reportsOf(site.sessions)
  expect(reports.map(({ clean }) => clean)).toEqual(Array(rounds).fill(true))
  expect(complaints).toEqual([])
})
