import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { TraceEvent } from '../src/index.ts'
import { traceToFile } from '../src/trace-file.ts'
import { pair } from './pair.ts'

let folder: string
let path: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lastword-trace-'))
  path = join(folder, 'trace.jsonl')
})
afterEach(() => rm(folder, { recursive: true }))

async function lines(): Promise<Array<Record<string, unknown>>> {
  const text = await readFile(path, 'utf8')
  return text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]))
}

function opened(link: number): TraceEvent {
  return { at: performance.now(), sid: 's', side: 'client', link, type: 'link-opened' }
}

test('both sides of a session write to one file, each line with its session, side and time', async () => {
  const trace = traceToFile(path)
  const { client, server, platform } = await pair({ client: { trace }, server: { trace } })
  server.session.handle('q', () => 'the reply')
  void client.session.request('q', 'the number')
  await platform.settle()
  await trace.close()
  const events = await lines()
  expect(new Set(events.map(({ side }) => side))).toEqual(new Set(['client', 'server']))
  expect(new Set(events.map(({ sid }) => sid)).size).toBe(1)
  for (const { at } of events) expect(Math.abs((at as number) - Date.now())).toBeLessThan(3_600_000)
  expect(JSON.stringify(events)).not.toMatch(/the number|the reply|"key"|"auth"/)
  expect(trace.dropped).toBe(0)
})

test('payloads are written if they are asked for', async () => {
  const trace = traceToFile(path, { payloads: true })
  const { client, platform } = await pair({ client: { trace } })
  client.session.send('q', 'the number').catch(() => {})
  await platform.settle()
  await trace.close()
  expect(JSON.stringify(await lines())).toContain('the number')
})

test('what is in the file stays, and half a line that a killed process left does not eat the next one', async () => {
  await writeFile(path, '{"old":1}\n{"half":')
  const trace = traceToFile(path)
  trace.onEvent(opened(1))
  await trace.flush()
  const text = await readFile(path, 'utf8')
  expect(text.split('\n').slice(0, 2)).toEqual(['{"old":1}', '{"half":'])
  expect(JSON.parse(text.split('\n')[2] as string)).toMatchObject({ type: 'link-opened', link: 1 })
  await trace.close()
})

test('a new file can be read by its owner alone', async () => {
  const trace = traceToFile(path)
  await trace.flush()
  expect((await stat(path)).mode & 0o077).toBe(0)
  await trace.close()
})

test('what finds no room is dropped and counted, and the file says so where it is missing', async () => {
  const trace = traceToFile(path, { queuedBytesMax: 400 })
  for (let link = 1; link <= 100; link++) trace.onEvent(opened(link))
  await trace.flush()
  trace.onEvent(opened(101))
  await trace.close()
  const written = await lines()
  const gap = written.findIndex(({ type }) => type === 'dropped')
  expect(written[gap]).toMatchObject({ lines: trace.dropped })
  expect(written[gap - 1]).toMatchObject({ link: 100 - trace.dropped })
  expect(written[gap + 1]).toMatchObject({ link: 101 })
  expect(written.length).toBe(101 - trace.dropped + 1)
})

test('a disk that takes nothing is reported once, and nothing is thrown at the session', async () => {
  const errors: Error[] = []
  const trace = traceToFile(join(folder, 'no-such-folder', 'trace.jsonl'), {
    onError: (error) => errors.push(error),
  })
  trace.onEvent(opened(1))
  await trace.flush()
  trace.onEvent(opened(2))
  await trace.close()
  trace.onEvent(opened(3))
  expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('ENOENT')])
  expect(trace.dropped).toBe(3)
})

test.runIf(process.platform === 'linux')('a full disk is reported once', async () => {
  const errors: Error[] = []
  const trace = traceToFile('/dev/full', { onError: (error) => errors.push(error) })
  for (let link = 1; link <= 3; link++) {
    trace.onEvent(opened(link))
    await trace.flush()
  }
  await trace.close()
  expect(errors.map(({ message }) => message)).toEqual([expect.stringContaining('ENOSPC')])
  expect(trace.dropped).toBe(3)
})

test('it closes once, by itself with `await using`, and another one goes on behind it', async () => {
  const first = traceToFile(path)
  first.onEvent(opened(1))
  await Promise.all([first[Symbol.asyncDispose](), first.close()])
  const second = traceToFile(path)
  second.onEvent(opened(2))
  await second.close()
  expect((await lines()).map(({ link }) => link)).toEqual([1, 2])
})

test.each([
  ['the options', 3],
  ['payloads', { payloads: 'yes' }],
  ['queuedBytesMax', { queuedBytesMax: 0 }],
  ['onError', { onError: 'console' }],
])('%s that cannot be used are refused by name', (name, options) => {
  expect(() => traceToFile(path, options as object)).toThrow(name)
})

test('a trace without the path of a file is refused at the call', () => {
  for (const none of [undefined, null, '', 5, {}, new URL('https://example.com/trace')]) {
    expect(() => traceToFile(none as never)).toThrowError(
      expect.objectContaining({ code: 'argument-invalid', remedy: expect.stringContaining('traceToFile(') }),
    )
  }
})
