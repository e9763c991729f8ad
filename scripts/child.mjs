import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { root } from './root.mjs'

/**
 * Child processes that never outlive the script which started them. Each child leads a process group of its
 * own, so that a signal reaches whatever it has started in its turn. A first Ctrl-C asks every group to end;
 * a second one, or five seconds, kills it.
 */

const graceMs = 5_000
const isWindows = process.platform === 'win32'

/** @type {Set<import('node:child_process').ChildProcess>} */
const living = new Set()

/** @type {NodeJS.Signals | undefined} */
let interruption

/** @returns {NodeJS.Signals | undefined} the signal that asked this script to end, once there was one */
export function interruptedBy() {
  return interruption
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] the root by default
 * @property {Record<string, string | undefined>} [env] on top of this process's own
 * @property {boolean} [quiet] keep the output instead of showing it
 * @property {number} [deadlineMs] after which the child is ended; none by default
 *
 * @typedef {object} RunResult
 * @property {number} code the exit status; 128 and the signal's number if a signal ended it, 127 if it did not start
 * @property {string} output what it wrote, if `quiet`
 * @property {string} [problem] why it did not end by itself
 */

/**
 * Runs a command to its end, with no input. Never rejects: a command that cannot be started has a result as well.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<RunResult>}
 */
export function run(command, args, options = {}) {
  const { cwd = root, env, quiet = false, deadlineMs } = options
  if (interruption)
    return Promise.resolve({ code: exitStatus(interruption), output: '', problem: 'interrupted' })
  listenForSignals()
  return new Promise((resolve) => {
    const out = quiet ? 'pipe' : 'inherit'
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', out, out],
      detached: !isWindows,
      shell: isWindows,
    })
    living.add(child)
    let output = ''
    /** @type {string | undefined} */
    let problem
    child.stdout?.setEncoding('utf8').on('data', (text) => (output += text))
    child.stderr?.setEncoding('utf8').on('data', (text) => (output += text))
    const deadline = deadlineMs
      ? setTimeout(() => {
          problem = `did not end within ${deadlineMs / 1000} s and was stopped`
          stop(child, 'SIGTERM')
        }, deadlineMs)
      : undefined
    /** @param {number} code */
    const finish = (code) => {
      clearTimeout(deadline)
      living.delete(child)
      resolve({ code, output, ...(problem ? { problem } : {}) })
    }
    child.on('error', (error) => {
      problem = `could not be started: ${error.message}`
      finish(127)
    })
    // What it left running goes with it; until then its output would be held open.
    child.on('exit', () => signalGroup(child, 'SIGKILL'))
    child.on('close', (code, signal) => {
      if (signal) problem ??= `was ended by ${signal}`
      finish(signal ? exitStatus(signal) : (code ?? 1))
    })
  })
}

/**
 * @param {NodeJS.Signals} signal
 * @returns {number} the exit status by which a shell reports that signal
 */
export function exitStatus(signal) {
  return 128 + constants.signals[signal]
}

let listening = false

function listenForSignals() {
  if (listening) return
  listening = true
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      const again = interruption !== undefined
      interruption ??= signal
      for (const child of living) again ? signalGroup(child, 'SIGKILL') : stop(child, signal)
    })
  }
  // Whatever ends this script, also an error in it, ends its children.
  process.on('exit', () => {
    for (const child of living) signalGroup(child, 'SIGKILL')
  })
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function stop(child, signal) {
  signalGroup(child, signal)
  setTimeout(() => living.has(child) && signalGroup(child, 'SIGKILL'), graceMs).unref()
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup(child, signal) {
  if (child.pid === undefined) return
  try {
    if (isWindows) child.kill(signal)
    else process.kill(-child.pid, signal)
  } catch {
    // The group is gone already.
  }
}
