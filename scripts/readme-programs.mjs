#!/usr/bin/env node
import { spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { run } from './child.mjs'
import { tarball } from './pack.mjs'
import { inRoot, publicPackages } from './root.mjs'

/**
 * Does what a reader of the README does: installs the packages into an empty folder, copies the programs that it
 * shows, and runs them. Only the port is another one, for 8080 may be taken.
 */

const deadlineMs = 20_000

const folder = mkdtempSync(path.join(tmpdir(), 'lastword-readme-'))
try {
  const port = await freePort()
  await install()
  for (const name of readdirSync(inRoot('examples/quickstart'))) {
    const program = readFileSync(inRoot('examples/quickstart', name), 'utf8')
    writeFileSync(path.join(folder, name), program.replaceAll('8080', String(port)))
  }
  copyFileSync(inRoot('examples/readme-clients.mjs'), path.join(folder, 'readme-clients.mjs'))
  await withServer('server.mjs', async () => {
    await expectOutput(['client.mjs'], 'the answer to my offer\ntrue\n')
    await expectOutput(['traced.mjs'], '')
  })
  await expectPage('trace.jsonl')
  await withServer('existing.mjs', async () => {
    await expectOutput(['readme-clients.mjs', String(port)], 'plain: hello, Ada\nlastword: hello, Ada\n')
  })
  console.log('The programs of the README ran as shown.')
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function install() {
  writeFileSync(path.join(folder, 'package.json'), '{ "private": true }\n')
  const tarballs = publicPackages.map(tarball)
  const { code, output } = await run('npm', ['install', ...tarballs, 'ws', 'zod'], {
    cwd: folder,
    quiet: true,
    deadlineMs: 120_000,
  })
  if (code !== 0) throw new Error(`the packages do not install into an empty folder:\n${output}`)
}

/**
 * What `npx lastword-ladder` runs.
 *
 * @param {string} trace
 */
async function expectPage(trace) {
  const command = path.join(folder, 'node_modules/.bin/lastword-ladder')
  const { code, output, problem } = await run(command, [trace], { cwd: folder, quiet: true, deadlineMs })
  if (code === 0 && output.includes('closed: both sides have said that nothing follows')) return
  throw new Error(`lastword-ladder ended with ${problem ?? code} and wrote:\n${output}`)
}

/**
 * @param {string} program
 * @param {() => Promise<void>} work
 */
async function withServer(program, work) {
  const server = spawn(process.execPath, [program], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] })
  try {
    await listening(Number(readFileSync(path.join(folder, program), 'utf8').match(/\b\d{4,5}\b/)?.[0]))
    await work()
  } finally {
    server.kill()
  }
}

/**
 * @param {string[]} args
 * @param {string} expected
 */
async function expectOutput(args, expected) {
  const { code, output, problem } = await run(process.execPath, args, {
    cwd: folder,
    quiet: true,
    deadlineMs,
  })
  if (code === 0 && output === expected) return
  throw new Error(
    `${args[0]} ended with ${problem ?? code} and wrote:\n${output}\nThe README says:\n${expected}`,
  )
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** @param {number} port */
async function listening(port) {
  const { connect } = await import('node:net')
  const until = Date.now() + deadlineMs
  for (;;) {
    const open = await new Promise((resolve) => {
      const socket = connect(port, 'localhost', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (open) return
    if (Date.now() > until) throw new Error(`nothing listens on port ${port}`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
