import { inspect } from 'node:util'
import { decodeEarly } from '@lastword/protocol'
import type { LastwordError, TraceEvent } from '@lastword/sdk'
import { expect, test, vi } from 'vitest'
import { byHand, hello } from './by-hand.ts'
import { everythingSaidBy, later, serve, within } from './harness.ts'

/** Everything that somebody who debugs may see of a value: its JSON, and what `util.inspect` finds in it. */
function everythingIn(value: unknown): string {
  const seen = inspect(value, { depth: 12, showHidden: true, maxStringLength: Infinity })
  let json: string
  try {
    json = JSON.stringify(value)
  } catch {
    json = ''
  }
  return `${seen}\n${json}\n${everythingSaidBy(value)}`
}

test('the key of a session stands in no error, trace, refusal, close reason or report, nor in what is inspected or logged', async () => {
  const said: string[] = []
  const logged = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
    vi.spyOn(console, name).mockImplementation((...words) => said.push(everythingIn(words))),
  )
  try {
    const seen: unknown[] = []
    const trace = { payloads: true, onEvent: (event: TraceEvent) => seen.push(event) }
    const served = await serve('ws', {
      adapter: {
        trace,
        authenticate(context) {
          seen.push({ ...context, auth: undefined })
          if (context.auth === 'fail') throw new Error('no such person')
          return 'me'
        },
      },
      onConnection: () => {},
    })
    const keys = keysSaid(served.server)
    served.adapter.on('refused', (refused) => seen.push(refused))
    served.adapter.onSession((session, context) => {
      seen.push(session, context)
      session.handle('fail', () => {
        throw new Error('a bug')
      })
      session.on('disconnected', (error) => seen.push(error))
    })
    const options = { trace, auth: 'yes', reconnect: { nextDelayMs: () => 0 } }
    const session = served.connect(options)
    const heard = (error: LastwordError) => seen.push(error)
    session.on('disconnected', heard)
    session.on('error', heard)
    await within('a failure', later(session.request('fail')).catch(heard))
    served.proxy.cutAll('reset')
    await within('another', later(session.request('nobody-handles-this')).catch(heard))
    const unsent = later(session.send('kept', 'x')).catch(heard)
    seen.push(await within('the end', session.close({ timeoutMs: 1 })))
    await within('what was not handled', unsent)
    const refused = served.connect({ ...options, auth: 'fail' })
    refused.on('disconnected', heard)
    later(refused.opened).catch(heard)
    seen.push(await within('the refusal', refused.closed), session, refused, served.adapter)
    // Somebody who says the key in all the wrong places.
    const [key = ''] = keys
    for (const wrong of [
      [hello({ key: `${key}!` })],
      [hello({ key: [key] })],
      [hello({ sid: session.id, key: `${key}x`, link: 9 })],
      [hello({ key }), { t: key }],
      [{ t: 'msg', seq: 1, id: `${key} `, d: key }],
    ]) {
      const client = await byHand(served)
      client.say(...wrong)
      seen.push(await client.isClosed(), ...client.heard)
    }
    expect(new Set(keys).size).toBe(2)
    expect(seen.length).toBeGreaterThan(20)
    said.push(...seen.map(everythingIn))
    for (const form of keys.flatMap(formsOf)) {
      const places = said.filter((words) => words.includes(form))
      expect(places.map((words) => words.slice(0, 200).concat(' … ', around(words, form)))).toEqual([])
    }
  } finally {
    for (const spy of logged) spy.mockRestore()
  }
})

/** The keys that clients have said in their upgrade requests. */
function keysSaid(server: import('node:http').Server): string[] {
  const keys: string[] = []
  server.prependListener('upgrade', ({ headers }) => {
    const offered = String(headers['sec-websocket-protocol'])
      .split(',')
      .map((one) => one.trim())
    const early = decodeEarly(offered)
    if (early !== undefined) keys.push(JSON.parse(early)[0].key)
  })
  return keys
}

function around(words: string, form: string): string {
  const at = words.indexOf(form)
  return words.slice(Math.max(0, at - 200), at + 60)
}

/** A secret as it stands, as a dump of its bytes, and as base64url in each of the places that it may have in there. */
function formsOf(secret: string): string[] {
  const dump = [...Buffer.from(secret)].map((byte) => byte.toString(16)).join(' ')
  const encoded = [0, 1, 2].map((before) => {
    const text = Buffer.from('x'.repeat(before) + secret).toString('base64url')
    return text.slice(before === 0 ? 0 : 4, -4)
  })
  return [secret, dump, ...encoded]
}
