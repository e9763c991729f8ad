import { until } from '@lastword/testkit'
import { describe, expect, it } from 'vitest'
import { ended } from './harness.ts'
import { pollPair } from './http-harness.ts'

describe.each([false, true])('a poll link, secure %s,', (secure) => {
  it('carries frames both ways, in order, text and bytes', async () => {
    const { client, clientHeard, link, heard } = await pollPair({ secure })
    const bytes = Uint8Array.of(0, 1, 2, 255)
    const sent = ['["one"]', '["zwei, größer"]', bytes, '', '["four"]']
    for (const frame of sent) client.send(frame)
    await until(() => heard.frames.length === sent.length, { what: 'the frames at the server' })
    expect(heard.frames).toEqual(sent)
    for (const frame of sent) link.send(frame)
    await until(() => clientHeard.frames.length === sent.length, { what: 'the frames at the client' })
    expect(clientHeard.frames).toEqual(sent)
  })

  it('closed by the client loses nothing, either way', async () => {
    const { client, clientHeard, link, heard } = await pollPair({ secure })
    client.send('["last"]')
    link.send('["answer"]')
    const end = await client.close(4409, 'left')
    expect(end).toMatchObject({ code: 4409, clean: true, opened: true, flushed: true, bytesUnsent: 0 })
    expect(clientHeard.frames).toEqual(['["answer"]'])
    expect(await ended(heard)).toMatchObject({ code: 4409, reason: 'left', clean: true })
    expect(heard.frames).toEqual(['["last"]'])
  })

  it('closed by the server loses nothing, either way', async () => {
    const { client, clientHeard, link, heard } = await pollPair({ secure })
    client.send('["first"]')
    await until(() => heard.frames.length === 1, { what: 'the frame at the server' })
    for (let i = 0; i < 50; i++) link.send(`["${'x'.repeat(10_000)}${i}"]`)
    const end = await link.close(1000, 'done')
    expect(end).toMatchObject({ code: 1000, clean: true, flushed: true })
    expect(await ended(clientHeard)).toMatchObject({ code: 1000, reason: 'done', clean: true })
    expect(clientHeard.frames).toHaveLength(50)
  })
})
