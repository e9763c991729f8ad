import { type Adapter, createAdapter } from '@lastword/server-adapter'
import { WebSocketServer } from 'ws'
import type { Answerer } from './answerer.ts'
import { callAddress } from './call-address.ts'
import type { CallLog } from './call-log.ts'
import type { Offer } from './news.ts'
import { sameOrigin } from './same-origin.ts'
import type { Trouble } from './trouble.ts'

/** How long a session waits for a page that does not come back, in ms. */
const ttlMs = 10_000

/** The same signaling server with the adapter: it answers, and closes at once. */
export function lastwordCalls(
  answerer: Answerer,
  log: CallLog,
  trouble: Trouble,
): { adapter: Adapter; server: WebSocketServer } {
  const adapter = createAdapter({ ttlMs, allowedOrigins: (_origin, request) => sameOrigin(request) })
  adapter.onSession((session, { request }) => {
    const address = callAddress(request)
    if (address === undefined) return session.abort('the address names no call')
    const { tab, call, situation } = address
    let handled = 0
    session.handle('statistics', () => {
      handled++
      if (handled === 1) trouble.statisticsArrived(address, 'lastword', request)
    })
    session.handle('offer', async (payload) => {
      await trouble.offerArrived(address, 'lastword', request)
      if (situation.id === 'server-closes') leave()
      const answer = await answerer.answer(String((payload as unknown as Offer).sdp))
      log.step(tab, call, 'lastword', 'answered')
      if (situation.id === 'call' || situation.id === 'cut' || situation.id === 'block') leave()
      return { ...answer }
    })
    session.on('closed', () => log.ended(tab, call, 'lastword', handled))

    /** The reply still goes out: closing ends when the page has handled it. */
    function leave(): void {
      // Its report is part of `closed`, and the page counts.
      session.close().catch(() => {})
    }
  })
  const { handleProtocols, maxPayload } = adapter
  const server = new WebSocketServer({ noServer: true, handleProtocols, maxPayload })
  server.on('connection', adapter.connection())
  return { adapter, server }
}
