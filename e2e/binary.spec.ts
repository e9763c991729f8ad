import { expect } from '@playwright/test'
import { test } from './lastword-test.ts'
import { reportOf } from './reports.ts'

/** More than a TLS record and than the low-water mark of a link. */
const bytes = 300_000

test('binary messages go both ways as they are, requests and replies too', async ({ page, site }) => {
  const received: Uint8Array[] = []
  site.adapter.onSession((session) => {
    session.handle('blob', (blob) => void received.push(blob as Uint8Array))
    session.handle('reversed', async (blob) => {
      await session.send('from server', (blob as Uint8Array).slice().fill(7))
      return (blob as Uint8Array).slice().reverse()
    })
  })
  await page.goto(`${site.origin}/script-tag`)
  const result = await page.evaluate(
    async ({ url, bytes }) => {
      const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
      const fromServer: unknown[] = []
      session.handle('from server', (blob) => void fromServer.push(blob))
      const blob = Uint8Array.from({ length: bytes }, (_, index) => index % 251)
      const sent = session.send('blob', blob)
      const reversed = (await session.request('reversed', blob)) as Uint8Array
      const empty = (await session.request('reversed', new Uint8Array())) as Uint8Array
      await sent
      const [sevens, none] = fromServer
      return {
        reversed:
          reversed.length === bytes && reversed.every((byte, index) => byte === (bytes - 1 - index) % 251),
        sevens: sevens instanceof Uint8Array && sevens.length === bytes && sevens.every((byte) => byte === 7),
        empty: empty.length + (none as Uint8Array).length,
        clean: (await session.close()).clean,
      }
    },
    { url: site.url, bytes },
  )
  expect(result).toEqual({ reversed: true, sevens: true, empty: 0, clean: true })
  expect(received).toHaveLength(1)
  expect(received[0]?.length).toBe(bytes)
  expect(received[0]?.every((byte, index) => byte === index % 251)).toBe(true)
  expect(await reportOf(site.sessions[0])).toMatchObject({ clean: true })
})
