import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { traceToFile } from '@lastword/sdk'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { hello, msg, toText, Writer } from './lines.ts'
import { type Recording, record } from './record.ts'

const command = fileURLToPath(new URL(`../node_modules/.cache/ladder-${process.pid}.mjs`, import.meta.url))
const deadlineMs = 30_000
const running = new Set<ChildProcess>()
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lastword-ladder-'))
  const entryPoints = [fileURLToPath(new URL('../src/cli.ts', import.meta.url))]
  await build({
    entryPoints,
    outfile: command,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  })
})
afterEach(() => {
  for (const child of running) child.kill('SIGKILL')
})
afterAll(async () => {
  await rm(command, { force: true })
  await rm(folder, { recursive: true })
})

interface Ended {
  code: number | null
  out: string
  err: string
}

function start(args: string[], nodeArgs: string[] = []): ChildProcess {
  const child = spawn(process.execPath, [...nodeArgs, command, ...args], { cwd: folder, timeout: deadlineMs })
  running.add(child)
  child.on('close', () => running.delete(child))
  return child
}

async function run(args: string[], { input = '', nodeArgs = [] as string[] } = {}): Promise<Ended> {
  const child = start(args, nodeArgs)
  let [out, err] = ['', '']
  child.stdout?.on('data', (data) => {
    out += data
  })
  child.stderr?.on('data', (data) => {
    err += data
  })
  child.stdin?.on('error', () => {})
  child.stdin?.end(input)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  return { code, out, err }
}

async function file(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text)
  return name
}

describe('a recorded conversation over wss that a reset cuts', () => {
  let recording: Recording
  let lines: Record<'client' | 'server', Line[]>

  interface Line {
    at: number
    type: string
    dir?: string
    envelope?: { t: string; id?: string }
  }

  beforeAll(async () => {
    const client = traceToFile(join(folder, 'client.jsonl'))
    const server = traceToFile(join(folder, 'server.jsonl'))
    recording = await record({ client, server })
    await Promise.all([client.close(), server.close()])
    lines = { client: await linesOf('client.jsonl'), server: await linesOf('server.jsonl') }
  })

  async function linesOf(name: string): Promise<Line[]> {
    const text = await readFile(join(folder, name), 'utf8')
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  }

  const envelopes = (side: Line[], dir: string, id?: string) =>
    side.filter(
      (line) =>
        line.type === 'envelope' && line.dir === dir && (id === undefined || line.envelope?.id === id),
    ).length

  test('its page has each envelope once, from whichever side, and says how much did not arrive', async () => {
    const { code, out, err } = await run(['client.jsonl', 'server.jsonl'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    for (const id of recording.ids) {
      const sent = envelopes(lines.client, 'out', id) + envelopes(lines.server, 'out', id)
      expect(sent).toBeGreaterThan(0)
      expect(out.split(`<code>${id}</code>`).length - 1).toBe(sent)
    }
    const sent = envelopes(lines.client, 'out') + envelopes(lines.server, 'out')
    const received = envelopes(lines.client, 'in') + envelopes(lines.server, 'in')
    expect(sent).toBeGreaterThan(received)
    expect(out).toContain(`${sent - received} envelopes: sent, and not in the trace of the other side`)
    expect(out).toContain('sent again')
    expect(out).toContain('not in the trace of the client')
    expect(out).toContain('closed: both sides have said that nothing follows')
    expect(out).toContain('msg 1 offer, asks for a reply')
    expect(out).toContain('fin 14, “enough”')
    expect(out).toMatch(/link 1 of the client is lost: \d+/)
    expect(out).toContain('link 2 of the server is closed: 1000')
  })

  test('one side alone is drawn too, each envelope where it was seen', async () => {
    const { out } = await run(['--text', 'client.jsonl'])
    for (const id of recording.ids) {
      const seen = envelopes(lines.client, 'out', id) + envelopes(lines.client, 'in', id)
      // A message that arrived twice, or was sent twice, stands there twice.
      expect(out.split(new RegExp(`  ${id}(?=\\s)`)).length - 1).toBe(seen)
    }
    expect(out).not.toContain('not in the trace')
  })

  test('neither what was said nor what let the client in is in the traces or the page', async () => {
    const { out } = await run(['client.jsonl', 'server.jsonl'])
    const traces =
      (await readFile(join(folder, 'client.jsonl'), 'utf8')) +
      (await readFile(join(folder, 'server.jsonl'), 'utf8'))
    for (const text of [out, traces])
      expect(text).not.toMatch(/hunter2|the offer|the answer|xxxx|"key"|"auth"/)
  })

  test('clocks that differ by a day change nothing but what is said of them', async () => {
    const day = 86_400_000
    await file(
      'late.jsonl',
      toText((await linesOf('server.jsonl')).map((line) => ({ ...line, at: line.at + day }))),
    )
    const rows = (out: string) =>
      out
        .split('client        server\n')[1]
        ?.replaceAll(/\d+\.\d+ ms/g, '')
        .split('\n')
        .sort()
    const plain = await run(['--text', 'client.jsonl', 'server.jsonl'])
    const late = await run(['--text', 'client.jsonl', 'late.jsonl'])
    const ahead = /clock is taken to be (\d+\.\d+) ms ahead of the client’s/.exec(late.out)?.[1]
    expect(Math.abs(Number(ahead) - day)).toBeLessThan(deadlineMs)
    expect(rows(late.out)).toEqual(rows(plain.out))
  })
})

test('a session of 200,000 lines is drawn in little memory, with its middle left out', async () => {
  const writer = new Writer('client').frame(0, 'out', [hello()]).opened(1)
  for (let seq = 1; seq < 200_000; seq++) writer.frame(seq, 'out', [msg(seq)])
  await file('long.jsonl', toText(writer.lines))
  const { code, out, err } = await run(['long.jsonl'], { nodeArgs: ['--max-old-space-size=32'] })
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out.length).toBeLessThan(1_000_000)
  expect(out).toContain('200000 envelopes')
  expect(out).toMatch(/199\d{3} entries of the client’s trace are left out here/)
})

describe('the command', () => {
  const good = toText(new Writer('client', 'one').opened(0).ended(9).lines)

  test('writes to a file, or to the standard output, and reads the standard input', async () => {
    await file('good.jsonl', good)
    const { out } = await run(['good.jsonl', '--title', 'A & B'])
    expect(out).toContain('<title>A &amp; B</title>')
    expect(await run(['good.jsonl', '--title', 'A & B', '--out', 'page.html'])).toEqual({
      code: 0,
      out: '',
      err: '',
    })
    expect(await readFile(join(folder, 'page.html'), 'utf8')).toBe(out)
    expect((await run(['-', '--text'], { input: good })).out).toContain('session one')
  })

  test('skips lines that are no trace, and names and counts them', async () => {
    await file(
      'bad.jsonl',
      `${good}{"half\n[]\n{"type":"link-opened","at":1,"sid":"s","link":1}\n{"at":0,"type":"new"}\n`,
    )
    const { code, out, err } = await run(['bad.jsonl'])
    expect(code).toBe(0)
    expect(err).toContain('bad.jsonl:3: is not JSON')
    expect(err).toContain('bad.jsonl:4: is not an object')
    expect(err).toContain('bad.jsonl:5: has no "side"')
    expect(err).toContain('bad.jsonl:6: has a "type" that is not known here: "new"')
    expect(err).toContain('4 lines skipped')
    expect(out).toContain('4 lines could not be read')
  })

  test('--strict ends at the first such line, and draws nothing', async () => {
    await file('bad2.jsonl', `${good}{"half\n`)
    expect(await run(['--strict', 'bad2.jsonl', '--out', 'strict.html'])).toEqual({
      code: 1,
      out: '',
      err: 'lastword-ladder: bad2.jsonl:3: is not JSON\n',
    })
    await expect(stat(join(folder, 'strict.html'))).rejects.toThrow('ENOENT')
  })

  test('draws one session of many', async () => {
    const lines = ['one', 'two'].flatMap((sid) => new Writer('client', sid).opened(0).ended(9).lines)
    await file('two.jsonl', toText(lines))
    const { out } = await run(['--session', 'two', '--text', 'two.jsonl'])
    expect(out).toContain('session two')
    expect(out).not.toContain('session one')
    const none = await run(['--session', 'three', 'two.jsonl'])
    expect(none).toMatchObject({ code: 1, out: '' })
    expect(none.err).toContain('there is no session three; there are one, two')
  })

  test.each<[string, string[], number, string]>([
    ['no file', [], 2, 'no trace is named'],
    ['an option that does not exist', ['--svg', 'good.jsonl'], 2, '--svg'],
    ['rows that are no number', ['--rows', 'all', 'good.jsonl'], 2, '--rows all'],
    ['a file named twice', ['good.jsonl', 'good.jsonl'], 2, 'good.jsonl is named twice'],
    ['a file that is not there', ['missing.jsonl'], 1, 'missing.jsonl'],
    ['a folder', ['.'], 1, '. is a folder; name a trace in it'],
    ['a file that is no trace', ['empty.jsonl'], 1, 'there is no line of a trace in empty.jsonl'],
    ['a drawing over a trace', ['good.jsonl', '--out', './good.jsonl'], 1, 'would replace a trace'],
    ['a drawing into no folder', ['good.jsonl', '--out', 'no/where.html'], 1, 'ENOENT'],
  ])('refuses %s, and says so', async (_, args, code, words) => {
    await file('good.jsonl', good)
    await file('empty.jsonl', '\n')
    const ended = await run(args)
    expect(ended).toMatchObject({ code, out: '' })
    expect(ended.err).toContain(words)
    expect(ended.err).not.toContain('    at ')
  })

  test('says what it can do', async () => {
    const { code, out } = await run(['--help'])
    expect(code).toBe(0)
    for (const option of ['--out', '--session', '--title', '--text', '--rows', '--strict', '--version']) {
      expect(out).toContain(option)
    }
  })

  test('ends in peace when whoever reads it has seen enough', async () => {
    const writer = new Writer('client').opened(0)
    for (let seq = 1; seq < 3000; seq++) writer.frame(seq, 'out', [msg(seq)])
    await file('pipe.jsonl', toText(writer.lines))
    const child = start(['--rows', '10000', 'pipe.jsonl'])
    let err = ''
    child.stderr?.on('data', (data) => {
      err += data
    })
    child.stdout?.once('data', () => child.stdout?.destroy())
    const code = await new Promise((resolve) => child.on('exit', resolve))
    expect({ code, err }).toEqual({ code: 0, err: '' })
  })
})
