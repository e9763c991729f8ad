import { until } from '@lastword/testkit'
import { chromium } from 'playwright-core'
import { test } from 'vitest'
import { atTheEnd } from '../harness.ts'
import { atOnce, expectWhole, mebibyte, plainServer, rounds } from './rounds.ts'

/** A script without a build, and so without types. */
const { chromiumFlags, findChromium }: { chromiumFlags: string[]; findChromium(): string | undefined } =
  await import(new URL('../../../../scripts/chromium.mjs', import.meta.url).href)

test(`Chromium without the SDK has its last message of 1 MiB in ${rounds} of ${rounds} rounds`, async ({
  skip,
}) => {
  const executablePath = findChromium()
  if (!executablePath) {
    console.log('Not run: Chromium as a plain client, because there is none; CHROMIUM_PATH may name one.')
    skip('there is no Chromium')
  }
  const server = await plainServer()
  // A page from the server itself: Chromium keeps its rules for addresses on this machine from pages of nowhere.
  server.server.on('request', (_, response) => response.end('<!doctype html><title>plain client</title>'))
  const browser = await chromium.launch({
    executablePath: executablePath as string,
    args: [...chromiumFlags, '--ignore-certificate-errors'],
  })
  atTheEnd(() => browser.close())
  const page = await browser.newPage()
  await page.goto(server.url.replace('wss:', 'https:'))
  const outcomes = await page.evaluate(runInPage, { url: server.url, rounds, atOnce, length: mebibyte })
  await until(() => server.reports.size === rounds, { what: 'every report', timeoutMs: 30_000 })
  expectWhole(outcomes, server)
})

interface PageArguments {
  url: string
  rounds: number
  atOnce: number
  length: number
}

/** Runs in the page, so it can use nothing of this file. */
async function runInPage({ url, rounds, atOnce, length }: PageArguments) {
  const outcomes: { round: number; lengths: number[]; whole: boolean }[] = []
  let next = 0
  async function lane(): Promise<void> {
    while (next < rounds) {
      const round = next++
      const lengths: number[] = []
      let last = ''
      await new Promise<void>((resolve) => {
        const socket = new WebSocket(`${url}?round=${round}`)
        socket.onmessage = ({ data }) => {
          lengths.push(data.length)
          last = data
        }
        socket.onclose = () => resolve()
      })
      outcomes.push({
        round,
        lengths,
        whole:
          last ===
          String(round)
            .padStart(8, '0')
            .repeat(length / 8),
      })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return outcomes
}
