import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type BidiConnection, connectBidi } from './bidi-connection.ts'
import { commandDeadlineMs, type Engine, type Tab } from './engine.ts'
import { userJs } from './firefox-preferences.ts'
import { pageFunction, pageResult } from './in-page.ts'
import { type ProcessGroup, startGroup } from './process-group.ts'

/** How long Firefox may take to end once it has been asked to, in ms. */
const endGraceMs = 5_000

/** Starts Firefox without a window, in a profile of its own. It speaks WebDriver BiDi by itself. */
export async function startFirefox(program: string): Promise<Engine> {
  const profile = await mkdtemp(path.join(tmpdir(), 'lastword-firefox-'))
  await writeFile(path.join(profile, 'user.js'), userJs())
  const args = [
    '--headless',
    '--no-remote',
    '--profile',
    profile,
    '--remote-debugging-port',
    '0',
    'about:blank',
  ]
  const group = startGroup(program, args, {
    folder: profile,
    env: { HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1', MOZ_DISABLE_AUTO_SAFE_MODE: '1' },
  })
  let connection: BidiConnection | undefined
  try {
    const [, url] = await group.said(/WebDriver BiDi listening on (ws:\S+)/, commandDeadlineMs)
    connection = await connectBidi(`${url}/session`)
    await connection.command('session.new', { capabilities: { alwaysMatch: { acceptInsecureCerts: true } } })
  } catch (error) {
    await end(group, connection)
    throw error
  }
  const { command } = connection
  return {
    async open(url) {
      const { context } = await command('browsingContext.create', { type: 'tab' })
      await command('browsingContext.navigate', { context, url, wait: 'complete' })
      return tab(connection, context)
    },
    quit: () => end(group, connection),
  }
}

function tab({ command }: BidiConnection, context: string): Tab {
  return {
    async evaluate(inPage: (argument: never) => unknown, argument?: unknown) {
      const told = await command('script.callFunction', {
        functionDeclaration: pageFunction(inPage, argument),
        awaitPromise: true,
        target: { context },
      })
      if (told.type === 'exception') throw new Error(`in the page: ${told.exceptionDetails.text}`)
      return pageResult(told.result.value)
    },
    async close() {
      await command('browsingContext.close', { context })
    },
  }
}

async function end(group: ProcessGroup, connection: BidiConnection | undefined): Promise<void> {
  // The answer may be lost with the browser; what does not end in time is killed.
  connection?.command('browser.close', {}).catch(() => undefined)
  await group.end(connection ? endGraceMs : 0)
  connection?.close()
}
