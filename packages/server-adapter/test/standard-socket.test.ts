import { certificate } from '@lastword/testkit'
import { openBrowserLink, type WebSocketConstructor } from '@lastword/transport'
import { Agent, WebSocket as StandardWebSocket } from 'undici'
import { describe, expect, test } from 'vitest'
import { atTheEnd, later, type Scheme, schemes, serve, within } from './harness.ts'

const clean = { clean: true, code: 'finished', by: 'both' }

/** How a browser connects: the standard WebSocket, which tells nothing of a failure and drops what comes after its close(). */
async function asBrowsersDo(): Promise<typeof openBrowserLink> {
  const { cert } = await certificate()
  const dispatcher = new Agent({ connect: { ca: cert } })
  atTheEnd(() => dispatcher.destroy())
  class TrustingWebSocket extends StandardWebSocket {
    constructor(url: string, protocols: string | string[] = []) {
      super(url, { protocols, dispatcher })
    }
  }
  const webSocket = TrustingWebSocket as unknown as WebSocketConstructor
  return (url, options) => openBrowserLink(url, { ...options, webSocket })
}

describe.each(schemes)('a standard WebSocket over %s', (scheme: Scheme) => {
  test.each(['client', 'server', 'both'])('gets everything when closing begins at once (%s)', async (who) => {
    const { adapter, connect, sessions } = await serve(scheme)
    const got: unknown[] = []
    adapter.onSession((session) => {
      session.handle('n', (n) => {
        got.push(n)
      })
      session.handle('offer', () => {
        if (who !== 'client') void session.close()
        return 'answer'
      })
    })
    const session = connect({ openLink: await asBrowsersDo() })
    void later(session.send('n', new Uint8Array([1, 2])))
    const answer = session.request('offer')
    const closing = who === 'server' ? session.closed : session.close()
    expect(await within('the answer', answer)).toBe('answer')
    expect(await within('the close', closing)).toMatchObject(clean)
    expect(
      await within('the server', sessions[0]?.closed ?? Promise.reject(new Error('none'))),
    ).toMatchObject(clean)
    expect(got).toEqual([new Uint8Array([1, 2])])
  })

  test('that loses its connection goes on over the next one', async () => {
    const { adapter, connect, proxy } = await serve(scheme, { onConnection: () => {} })
    adapter.onSession((session) => session.handle('ask', (n: number) => n * 2))
    const session = connect({ openLink: await asBrowsersDo(), reconnect: { nextDelayMs: () => 0 } })
    expect(await session.request('ask', 1)).toBe(2)
    proxy.cutAll('reset')
    expect(await within('the answer', session.request('ask', 2))).toBe(4)
    expect(await within('the close', session.close())).toMatchObject(clean)
  })
})

test('a browser that cannot connect says where to look', async () => {
  const { connect, proxy } = await serve('ws', { onConnection: () => {} })
  await proxy.refuse(true)
  const session = connect({
    openLink: await asBrowsersDo(),
    reconnect: { nextDelayMs: ({ attempt }) => (attempt > 2 ? null : 0) },
  })
  const sent = later(session.send('n'))
  await expect(within('opened', session.opened)).rejects.toMatchObject({ reason: 'not-opened' })
  // Why is not told, so that the early frame may have arrived.
  await expect(sent).rejects.toMatchObject({ fate: 'unknown' })
})
