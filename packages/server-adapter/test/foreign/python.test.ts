import { fileURLToPath } from 'node:url'
import { certificate, until } from '@lastword/testkit'
import { test } from 'vitest'
import { missingWebsockets, runPython } from './python.ts'
import { atOnce, expectWhole, mebibyte, type Outcome, plainServer, rounds } from './rounds.ts'

test(`Python's websockets has its last message of 1 MiB in ${rounds} of ${rounds} rounds`, async ({
  skip,
}) => {
  const missing = await missingWebsockets()
  if (missing) {
    console.log(`Not run: the client of Python's websockets, because ${missing}.`)
    skip(missing)
  }
  const server = await plainServer()
  const { cert } = await certificate()
  const script = fileURLToPath(new URL('python-client.py', import.meta.url))
  const input = {
    url: server.url,
    certificate: cert,
    rounds,
    atOnce,
    length: mebibyte,
    maxSize: 2 * mebibyte,
  }
  const outcomes = await runPython<Outcome>(script, input, 40_000)
  await until(() => server.reports.size === rounds, { what: 'every report', timeoutMs: 30_000 })
  expectWhole(outcomes, server)
})
