import { expect } from '@playwright/test'
import { WebSocketServer } from 'ws'
import { complaintsOf } from './complaints.ts'
import { test } from './lastword-test.ts'
import { reportsOf } from './reports.ts'

const rounds = 20

test(`a request resolves although the page closes right behind it, ${rounds} times`, async ({
  page,
  site,
}, testInfo) => {
  site.adapter.onSession((session) => {
    session.handle('offer', async (offer) => {
      // The answer is made in a later turn than the one in which the page's close came in.
      await new Promise((resolve) => setImmediate(resolve))
      return `answer to ${offer}`
    })
  })
  const bareServer = new WebSocketServer({ noServer: true })
  bareServer.on('connection', (socket) => {
    socket.on('message', (offer) => setImmediate(() => socket.send(`answer to ${offer}`)))
  })
  const bareUrl = site.mount('/bare', bareServer)
  const complaints = complaintsOf(page)
  await page.goto(`${site.origin}/script-tag`)

  const results = await page.evaluate(
    async ({ url, rounds }) => {
      const results = []
      for (let round = 0; round < rounds; round++) {
        const session = lastword.connect(url, { signal: AbortSignal.timeout(10_000) })
        const answer = session.request('offer', round)
        const report = await session.close()
        results.push({ answer: await answer, clean: report.clean })
      }
      return results
    },
    { url: site.url, rounds },
  )
  expect(results).toEqual(
    Array.from({ length: rounds }, (_, round) => ({ answer: `answer to ${round}`, clean: true })),
  )
  const reports = await reportsOf(site.sessions)
  expect(reports.map(({ clean }) => clean)).toEqual(Array(rounds).fill(true))
  expect(complaints).toEqual([])

  const answersToBare = await page.evaluate(
    async ({ url, rounds }) => {
      let answers = 0
      for (let round = 0; round < rounds; round++) {
        await new Promise((resolve) => {
          const socket = new WebSocket(url)
          socket.onmessage = () => answers++
          socket.onclose = resolve
          socket.onopen = () => {
            socket.send(String(round))
            socket.close()
          }
        })
      }
      return answers
    },
    { url: bareUrl, rounds },
  )
  const description = `${rounds - answersToBare} of ${rounds} answers were lost by a bare WebSocket`
  testInfo.annotations.push({ type: 'bare WebSocket', description })
})
