import { spawn } from 'node:child_process'
import process from 'node:process'
import { inRoot } from './root.mjs'

/** The SDK may have to be built first. */
const startMs = 180_000
const endMs = 10_000

/**
 * @typedef {object} DemoServer
 * @property {string} page the address of the demo's page
 * @property {string} plain the address of the server of the README's page
 * @property {() => string} output everything it has written
 * @property {() => Promise<number | null>} stop asks it to end as Ctrl-C does, and resolves with its exit status
 */

/**
 * Starts `npm run demo -- --serve` as a process of its own, on free ports unless told.
 *
 * @param {string[]} [args] further arguments
 * @returns {Promise<DemoServer>} once it listens
 * @throws if it does not, with what it wrote
 */
export async function startDemo(args = []) {
  const ports = args.includes('--port') ? [] : ['--port', '0']
  const plainPorts = args.includes('--plain-port') ? [] : ['--plain-port', '0']
  const child = spawn(
    process.execPath,
    [inRoot('scripts/run.mjs'), 'examples/demo/main.ts', '--serve', ...ports, ...plainPorts, ...args],
    { cwd: inRoot(), stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  /** @type {Promise<number | null>} */
  const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
  const watcher = watch(child.pid)
  void ended.then(() => watcher.kill())

  /** @type {{ page: string, plain: string }} */
  const addresses = await new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGTERM')
      reject(new Error(`the demo does not listen within ${startMs / 1000} s; it wrote:\n${output}`))
    }, startMs)
    /** @param {string} text */
    const read = (text) => {
      output += text
      const page = /https:\/\/\S+/.exec(output)?.[0]
      const plain = /ws:\/\/\S+/.exec(output)?.[0]
      if (page === undefined || plain === undefined || !output.includes('Ctrl-C ends it.')) return
      clearTimeout(late)
      resolve({ page, plain })
    }
    child.stdout.setEncoding('utf8').on('data', read)
    child.stderr.setEncoding('utf8').on('data', read)
    void ended.then((code) => {
      clearTimeout(late)
      reject(new Error(`the demo ended with status ${code}; it wrote:\n${output}`))
    })
  })

  return {
    ...addresses,
    output: () => output,
    stop() {
      child.kill('SIGINT')
      const force = setTimeout(() => child.kill('SIGTERM'), endMs)
      return ended.finally(() => clearTimeout(force))
    },
  }
}

/**
 * Asks a process to end as soon as this one is gone, whatever ends it: a runner kills its workers when they do not end
 * in time. What waits for that is a process of its own, at the end of a pipe that this one holds.
 *
 * @param {number | undefined} pid
 */
function watch(pid) {
  const program = 'process.stdin.resume().on("end", () => process.kill(Number(process.argv[1]), "SIGTERM"))'
  const watcher = spawn(process.execPath, ['-e', program, String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watcher.unref()
  return watcher
}
