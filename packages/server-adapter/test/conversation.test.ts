import { createServer as createHttpServer } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect, type TraceEvent } from '@lastword/sdk'
import { certificate } from '@lastword/testkit'
import { afterEach, describe, expect, test } from 'vitest'
import { WebSocketServer } from 'ws'
import { createAdapter } from '../src/index.ts'

const closers: Array<() => Promise<unknown> | unknown> = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function serve(scheme: 'ws' | 'wss', adapter = createAdapter()) {
  const { key, cert } = await certificate()
  const server = scheme === 'wss' ? createHttpsServer({ key, cert }) : createHttpServer()
  const wss = new WebSocketServer({ server, handleProtocols: adapter.handleProtocols })
  wss.on('connection', adapter.connection())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    for (const client of wss.clients) client.terminate()
    server.close()
  })
  return {
    url: `${scheme}://localhost:${(server.address() as AddressInfo).port}/`,
    tls: { ca: cert },
    adapter,
  }
}

describe.each(['ws', 'wss'] as const)('%s', (scheme) => {
  test('an Answer arrives when the server closes at once', async () => {
    const { url, tls, adapter } = await serve(scheme)
    let serverReport: Promise<unknown> | undefined
    adapter.onSession((session) => {
      session.handle('offer', (payload: { sdp: string }) => {
        serverReport = session.close()
        return { sdp: `answer to ${payload.sdp}` }
      })
    })
    const trace: TraceEvent[] = []
    const session = connect(url, { tls, trace: (event) => trace.push(event) })
    const answer = await session.request('offer', { sdp: 'x' })
    expect(answer).toEqual({ sdp: 'answer to x' })
    const report = await session.close()
    expect(report.clean).toBe(true)
    expect(await serverReport).toMatchObject({ clean: true })
  })
})
