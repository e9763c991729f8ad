import type { AddressInfo, Server } from 'node:net'
import type { Adapter } from '@lastword/server-adapter'
import type { ServeOptions } from '../options.ts'
import { Answerer } from './answerer.ts'
import { type Assets, loadAssets } from './assets.ts'
import { quickStartServer } from './quick-start.ts'
import { createSite } from './site.ts'

const shutdownMs = 2_000

/**
 * Serves the demo's page until `signal` is aborted. Resolves with the exit status: 0 when it was ended, 1 if it could
 * not start, with the reason on stderr.
 */
export async function serve(options: ServeOptions, signal: AbortSignal): Promise<number> {
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  let assets: Assets
  try {
    assets = await loadAssets()
  } catch (error) {
    console.error(`demo: ${error instanceof Error ? error.message : error}`)
    return 1
  }
  const answerer = await Answerer.start(options.withoutPeers)
  const site = await createSite(assets, answerer)
  const quickStart = quickStartServer()
  try {
    const port = await listen(site.server, options.port, options.host, '--port')
    // The README names the port, so that the page can do without it, but not without being told.
    const plain = await listen(quickStart.server, options.plainPort, options.host, '--plain-port').catch(
      (error: Error) => error,
    )
    console.log(greeting(options, port, plain, { answerer, assets }))
    if (!signal.aborted) await aborted
    console.log('Ending …')
    return 0
  } catch (error) {
    console.error(`demo: ${error instanceof Error ? error.message : error}`)
    return 1
  } finally {
    await Promise.all([site.close(), closePlain(quickStart)])
  }
}

/** @throws with words for the person who started it */
function listen(server: Server, port: number, host: string, option: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new Error(refusal(error, port, host, option))),
    )
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

function refusal(error: NodeJS.ErrnoException, port: number, host: string, option: string): string {
  const instead = `choose another one with ${option} N, or a free one with ${option} 0`
  switch (error.code) {
    case 'EADDRINUSE':
      return `port ${port} is taken on ${host}; ${instead}`
    case 'EACCES':
      return `this process may not listen on port ${port}; ${instead}`
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return `this machine has no address ${host}; choose another one with --host`
    default:
      return `it cannot listen on ${host}, port ${port}: ${error.message}`
  }
}

function greeting(
  { host }: ServeOptions,
  port: number,
  plain: number | Error,
  { answerer, assets }: { answerer: Answerer; assets: Assets },
): string {
  const lines = [
    '',
    `The demo's page:    https://${shown(host)}:${port}/`,
    '',
    'The browser will warn: the certificate was made for this run, and nobody has signed it. Accept it for this',
    'address ("Advanced", then "Proceed" or "Accept the risk"); nothing of the page comes from anywhere else.',
    `Its SDK is as \`npm run build\` made it on ${assets.builtAt.toLocaleString('en-GB')}.`,
    '',
    plain instanceof Error
      ? `The README's page has no server: ${plain.message}.`
      : `The README's page:  connects to ws://${host === '127.0.0.1' ? 'localhost' : shown(host)}:${plain}`,
  ]
  if (!answerer.state.available) {
    lines.push('', `There is no libdatachannel (${answerer.state.why}): the server answers with texts.`)
  }
  if (!isLoopback(host)) {
    lines.push(
      '',
      `Others who can reach ${host} can use the page too, and block this server with its buttons.`,
    )
  }
  return [...lines, '', 'Ctrl-C ends it.'].join('\n')
}

/** A host as it stands in an address; one that means every address is reached by the loopback one. */
function shown(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1'
  return host.includes(':') ? `[${host}]` : host
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

async function closePlain({ server, adapter }: { server: Server; adapter: Adapter }): Promise<void> {
  await adapter.shutdown({ deadlineMs: shutdownMs })
  if (!server.listening) return
  const http = server as import('node:http').Server
  await new Promise<void>((resolve) => {
    http.close(() => resolve())
    http.closeAllConnections()
  })
}
