import { type LinkEnd, nodeLinkOpener, type OpenLink, openBrowserLink } from '../../src/node.ts'

/**
 * Runs in the runtime under test against the server of the test: over the runtime's own global WebSocket, and over
 * what it takes for `ws`. Writes one line of JSON for each check.
 */

declare const process: { env: { [name: string]: string | undefined }; exit(code: number): never }

interface Heard {
  opened: Promise<void>
  frames: (string | Uint8Array)[]
  end: Promise<LinkEnd>
}

const mebibyte = 1024 * 1024

function open(path: string) {
  const link = openLink(base + path, { protocols: ['test'] })
  let opened!: () => void
  let ended!: (end: LinkEnd) => void
  const heard: Heard = {
    opened: new Promise((resolve) => {
      opened = resolve
    }),
    frames: [],
    end: new Promise((resolve) => {
      ended = resolve
    }),
  }
  link.attach({
    onOpen: opened,
    onFrame: (frame) => heard.frames.push(frame),
    onDrain: () => {},
    onEnd: ended,
  })
  return { link, ...heard }
}

function same(what: string, found: unknown, wanted: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (a !== b) throw new Error(`${what}: ${a} instead of ${b}`)
}

const checks: { [name: string]: () => Promise<void> } = {
  async 'text and bytes go both ways'() {
    const { link, opened, frames, end } = open('/echo')
    await opened
    same('the subprotocol', link.protocol, 'test')
    link.send('grüße')
    link.send(Uint8Array.of(0, 255, 7))
    link.send('')
    // The echo of the last one says that all have been round.
    while (frames.length < 3) await new Promise((resolve) => setTimeout(resolve, 1))
    same('the text', [frames[0], frames[2]], ['grüße', ''])
    same('the bytes', [...(frames[1] as Uint8Array)], [0, 255, 7])
    const closed = await link.close(1000, '')
    same('the end', [closed.clean, closed.code, closed.forced, closed.bytesUnsent], [true, 1000, false, 0])
    same('the end that was told', await end, closed)
  },

  async '8 MiB that a server sent before it closed at once are delivered before the end'() {
    const { frames, end } = open('/burst')
    const { code, reason, clean, peerEnded } = await end
    same('the end', [code, reason, clean, peerEnded], [4000, 'bye', true, true])
    same(
      'the lengths',
      frames.map((frame) => frame.length),
      Array(8).fill(mebibyte),
    )
    same(
      'the order',
      frames.map((frame) => frame[0]),
      [0, 1, 2, 3, 4, 5, 6, 7],
    )
  },

  async '8 MiB that were accepted leave before the close'() {
    const { link, opened } = open('/sink')
    await opened
    for (let n = 0; n < 8; n += 1) link.send(new Uint8Array(mebibyte).fill(n))
    const { clean, flushed, forced, bytesUnsent } = await link.close(4321, 'done')
    same('the end', [clean, flushed, forced, bytesUnsent], [true, true, false, 0])
  },

  async 'a busy link says so, and drains'() {
    const { link, opened } = open('/echo')
    await opened
    while (link.writable) link.send(new Uint8Array(mebibyte))
    while (!link.writable) await new Promise((resolve) => setTimeout(resolve, 1))
    await link.close(1000, '')
  },

  async 'a connection without a close frame is lost, with all that came before'() {
    const { frames, end } = open('/cut')
    const { code, clean, failure } = await end
    same('the end', [code, clean, failure], [1006, false, 'lost'])
    same('the frames', frames.length, 50)
  },

  async 'a server that refuses is not opened'() {
    const { end } = open('/refuse')
    const { opened, clean, failure } = await end
    const why = openLink === openBrowserLink ? 'not-opened' : 'upgrade-refused'
    same('the end', [opened, clean, failure], [false, false, why])
  },
}

const openers: { [name: string]: OpenLink } = {
  'global WebSocket': openBrowserLink,
  ws: nodeLinkOpener({ ca: process.env.LASTWORD_TEST_CA }),
}

let openLink: OpenLink = openBrowserLink
let base = ''
for (const [over, opener] of Object.entries(openers)) {
  openLink = opener
  for (const url of (process.env.LASTWORD_TEST_URLS ?? '').split(' ')) {
    base = url
    for (const [name, check] of Object.entries(checks))
      await run(`${over}, ${url.split(':')[0]}: ${name}`, check)
  }
}
process.exit(0)

async function run(name: string, check: () => Promise<void>): Promise<void> {
  const problem = await Promise.race([
    check().then(
      () => null,
      (error) => String(error),
    ),
    new Promise<string>((resolve) => setTimeout(() => resolve('not done within 10 s'), 10_000)),
  ])
  console.log(JSON.stringify({ name, problem }))
}
