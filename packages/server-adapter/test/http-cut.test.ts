import type { ProxyConnection } from '@lastword/testkit'
import { describe, expect, test } from 'vitest'
import { type Scheme, within } from './harness.ts'
import { serveHttp } from './http-served.ts'

// A session that polls, with the connection below it cut behind each of many bytes, one way and the other. A browser, and
// what stands before a server, may send a request again whose connection broke; this client does not.

const places: Record<Scheme, number[]> = {
  // The whole conversation takes some 2,500 bytes up and 1,500 down; what lies beyond is cut nowhere.
  ws: Array.from({ length: 13 }, (_, i) => i * 191),
  // TLS has its own first; a record that is cut is as good as none.
  wss: Array.from({ length: 6 }, (_, i) => 1_500 + i * 661),
}

describe.each(['ws', 'wss'] as const)('%s', (scheme) => {
  describe.each(['toServer', 'toClient'] as const)('cut on its way %s', (direction) => {
    test.each(places[scheme])('behind byte %i, a session that polls loses nothing', async (bytes) => {
      const cutting = { left: 2 }
      const { adapter, connect, polls, sessions } = await serveHttp(scheme, {
        onConnection(connection: ProxyConnection) {
          if (cutting.left-- > 0) connection[direction].cutAfter(bytes, bytes % 2 === 0 ? 'reset' : 'end')
        },
      })
      const got: number[] = []
      adapter.onSession((session) => {
        session.handle('n', (n: number) => void got.push(n))
        session.handle('offer', (sdp: string) => {
          void session.close()
          return `answer to ${sdp}`
        })
      })
      const session = connect(polls)
      const sent = [1, 2, 3].map((n) => session.send('n', n))
      expect(await within('the answer', session.request('offer', 'mine'))).toBe('answer to mine')
      await within('the messages', Promise.all(sent))
      expect(await within('the end', session.closed)).toMatchObject({ clean: true, handledTotal: 4 })
      expect(await within('the end there', sessions[0]?.closed as Promise<unknown>)).toMatchObject({
        clean: true,
      })
      expect(got).toEqual([1, 2, 3])
      expect(sessions).toHaveLength(1)
    })
  })
})
