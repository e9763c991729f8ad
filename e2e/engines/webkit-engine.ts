import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { until } from '@lastword/testkit'
import { freePort } from '../free-port.ts'
import { commandDeadlineMs, type Engine, type Tab, type WebkitPrograms } from './engine.ts'
import { pageFunction, pageResult } from './in-page.ts'
import { type ProcessGroup, startGroup } from './process-group.ts'
import { webDriver } from './web-driver.ts'

/** It chooses a number that is free and writes it down; no other machine may draw on it. */
const displayArguments = ['-displayfd', '1', '-screen', '0', '1024x768x24', '-nolisten', 'tcp']

/** Starts WebKitGTK's own small browser on a display that nobody sees, and its driver, which speaks W3C WebDriver. */
export async function startWebkit(programs: WebkitPrograms): Promise<Engine> {
  const home = await mkdtemp(path.join(tmpdir(), 'lastword-webkit-'))
  const groups: ProcessGroup[] = []
  let session: string | undefined
  const quit = async () => {
    if (session !== undefined) await webDriver(session, 'DELETE').catch(() => undefined)
    session = undefined
    // What was started last ends first: a browser that loses its display complains.
    for (const group of groups.reverse().splice(0)) await group.end(0)
  }
  try {
    const display = startGroup(programs.display, displayArguments, { folder: home })
    groups.push(display)
    const [, number] = await display.said(/^(\d+)\n/m, commandDeadlineMs)
    // The driver has no way to choose a port by itself and say which.
    const port = await freePort()
    const driver = startGroup(programs.driver, [`--port=${port}`], { env: environment(`:${number}`, home) })
    groups.push(driver)
    const url = `http://127.0.0.1:${port}`
    await until(() => isReady(url, driver), {
      what: 'WebKitWebDriver to listen',
      timeoutMs: commandDeadlineMs,
    })
    const { sessionId } = await webDriver(`${url}/session`, 'POST', {
      capabilities: { alwaysMatch: capabilities(programs.browser) },
    })
    session = `${url}/session/${sessionId}`
    await webDriver(`${session}/timeouts`, 'POST', { script: commandDeadlineMs, pageLoad: commandDeadlineMs })
  } catch (error) {
    await quit()
    throw error
  }
  const opened = session
  const first = await webDriver(`${opened}/window`, 'GET')
  return {
    async open(url) {
      // The first window stays: the browser ends with its last one.
      await webDriver(`${opened}/window`, 'POST', { handle: first })
      // A window, for it is in front: a new tab would stay hidden.
      const { handle } = await webDriver(`${opened}/window/new`, 'POST', { type: 'window' })
      await webDriver(`${opened}/window`, 'POST', { handle })
      await webDriver(`${opened}/url`, 'POST', { url })
      return tab(opened, handle)
    },
    quit,
  }
}

function tab(session: string, handle: string): Tab {
  // Commands go to the window that was chosen last.
  const choose = () => webDriver(`${session}/window`, 'POST', { handle })
  return {
    async evaluate(inPage: (argument: never) => unknown, argument?: unknown) {
      await choose()
      const run = `(${pageFunction(inPage, argument)})()`
      const script = `const done = arguments[0]; ${run}.then((json) => done({ json }), (error) => done({ error: String(error) }))`
      const { json, error } = await webDriver(`${session}/execute/async`, 'POST', { script, args: [] })
      if (error !== undefined) throw new Error(`in the page: ${error}`)
      return pageResult(json)
    },
    async close() {
      await choose()
      await webDriver(`${session}/window`, 'DELETE')
    },
  }
}

function capabilities(binary: string): object {
  return {
    acceptInsecureCerts: true,
    'webkitgtk:browserOptions': { binary, args: ['--automation'] },
  }
}

/** Neither a desktop's session nor its settings, nor what a user of this machine keeps. */
function environment(display: string, home: string): Record<string, string> {
  return {
    DISPLAY: display,
    GDK_BACKEND: 'x11',
    WAYLAND_DISPLAY: '',
    DBUS_SESSION_BUS_ADDRESS: 'disabled:',
    NO_AT_BRIDGE: '1',
    GSETTINGS_BACKEND: 'memory',
    GIO_USE_VFS: 'local',
    LIBGL_ALWAYS_SOFTWARE: '1',
    HOME: home,
    XDG_CACHE_HOME: home,
    XDG_CONFIG_HOME: home,
    XDG_DATA_HOME: home,
    XDG_RUNTIME_DIR: home,
  }
}

async function isReady(url: string, driver: ProcessGroup): Promise<boolean> {
  if (!driver.running) throw new Error(`WebKitWebDriver ended at once: ${driver.lastWords}`)
  return webDriver(`${url}/status`, 'GET').then(
    (status) => status.ready,
    () => false,
  )
}
