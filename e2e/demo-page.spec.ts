import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { expect, type Page, test } from '@playwright/test'
import type axe from 'axe-core'
import { type DemoServer, startDemo } from '../scripts/demo-server.mjs'
import { complaintsOf } from './complaints.ts'

/** The page of `npm run demo -- --serve`, from that very command. */

let demo: DemoServer

test.beforeAll(async () => {
  test.setTimeout(90_000)
  demo = await startDemo()
})

test.afterAll(async () => {
  expect(await demo.stop()).toBe(0)
})

const statistics = 16

/** What the counters say, without their columns' names. */
async function counters(page: Page) {
  const of = async (stack: string, name: string) =>
    Number((await page.locator(`#${stack}-${name}`).textContent())?.replace(/\D/g, ''))
  const column = async (stack: string) => ({
    calls: await of(stack, 'calls'),
    answersLost: await of(stack, 'answers-lost'),
    messagesLost: await of(stack, 'messages-lost'),
    connected: await of(stack, 'connected'),
  })
  return { bare: await column('bare'), lastword: await column('lastword') }
}

/** Opens the page, and collects everything that it complains about and asks anybody else for. */
async function open(page: Page, address = demo.page): Promise<{ complaints: string[] }> {
  const complaints = complaintsOf(page)
  const { host } = new URL(address)
  page.on('request', (request) => {
    if (new URL(request.url()).host !== host) complaints.push(`asks another host: ${request.url()}`)
  })
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== host) complaints.push(`connects to another host: ${socket.url()}`)
  })
  await page.goto(address)
  return { complaints }
}

/** Presses a button as somebody does who has only a keyboard, and waits for the sentence that says how it went. */
async function press(page: Page, name: string): Promise<string> {
  const button = page.getByRole('button', { name, exact: true })
  for (let steps = 0; steps < 20 && !(await isFocused(page, name)); steps++) await page.keyboard.press('Tab')
  await expect(button).toBeFocused()
  expect(await button.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid')
  await page.keyboard.press('Enter')
  const said = page.getByRole('status').filter({ hasText: `${name}: ` })
  await said.waitFor({ timeout: 25_000 })
  return (await said.textContent()) ?? ''
}

function isFocused(page: Page, name: string): Promise<boolean> {
  return page.evaluate((name) => document.activeElement?.textContent === name, name)
}

const nothingLost = { calls: 1, answersLost: 0, messagesLost: 0, connected: 1 }

for (const name of ['Cut the link', 'Block the server', 'Close from the client', 'Close from the server']) {
  test(`${name}: the Answer is lost over the bare WebSocket, and nothing over lastword`, async ({ page }) => {
    const { complaints } = await open(page)
    const said = await press(page, name)
    const { bare, lastword } = await counters(page)
    expect(lastword).toEqual(nothingLost)
    expect(bare).toMatchObject({ calls: 1, answersLost: 1, connected: 0 })
    expect(bare.messagesLost).toBeLessThanOrEqual(statistics)
    expect(said).toContain('the bare WebSocket lost the Answer')
    expect(said).toContain('lastword lost nothing')
    await expect(page.locator('#bare-verdict')).toContainText('Answer lost')
    await expect(page.locator('#lastword-verdict')).toHaveText('Nothing lost')
    const drawn = page.getByRole('list', { name: 'The last call over lastword, in the order of time' })
    await expect(drawn.getByText('Answer', { exact: true })).toHaveCount(1)
    expect(complaints).toEqual([])
  })
}

test('Call, twice: what is counted for the bare WebSocket is what the browser received', async ({ page }) => {
  let answers = 0
  let sockets = 0
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).pathname !== '/bare') return
    sockets++
    socket.on('framereceived', ({ payload }) => {
      if (typeof payload === 'string') answers++
    })
  })
  const { complaints } = await open(page)
  await press(page, 'Call')
  await page.getByRole('button', { name: 'Clear the counters' }).click()
  await expect(page.getByRole('status')).toHaveText('The counters are at nought.')
  answers = 0
  sockets = 0
  const said = await press(page, 'Call')
  const { bare, lastword } = await counters(page)
  expect(lastword).toEqual(nothingLost)
  expect(sockets).toBe(1)
  expect(bare).toMatchObject({ calls: 1, answersLost: 1 - answers, connected: answers })
  expect(said).toContain('lastword lost nothing')
  expect(complaints).toEqual([])
})

test('Call × 20: lastword loses nothing, and every call comes up', async ({ page }) => {
  test.setTimeout(90_000)
  const { complaints } = await open(page)
  await page.getByRole('button', { name: 'Call × 20', exact: true }).click()
  await page.getByRole('status').filter({ hasText: 'Call × 20: ' }).waitFor({ timeout: 80_000 })
  const { bare, lastword } = await counters(page)
  expect(lastword).toEqual({ calls: 20, answersLost: 0, messagesLost: 0, connected: 20 })
  expect(bare.calls).toBe(20)
  expect(bare.connected).toBe(20 - bare.answersLost)
  expect(complaints).toEqual([])
})

test('Reload the tab: the counters go on; what the page before had not delivered is lost over the bare WebSocket only', async ({
  page,
}) => {
  const { complaints } = await open(page)
  await press(page, 'Close from the client')
  const before = await counters(page)
  await page.evaluate(() => {
    document.title = 'before'
  })
  const said = await press(page, 'Reload the tab')
  expect(await page.title()).not.toBe('before')
  const { bare, lastword } = await counters(page)
  expect(bare).toMatchObject({ calls: 2, answersLost: 1, connected: 1 })
  // One has arrived, and the connection broke on it.
  expect(bare.messagesLost - before.bare.messagesLost).toBe(statistics - 1)
  expect(said).toContain(`the bare WebSocket lost ${statistics - 1} of ${statistics} messages`)
  expect(lastword).toEqual({ calls: 2, answersLost: 0, messagesLost: 0, connected: 2 })
  // The stream of the page that is gone is the one thing that may fail.
  expect(complaints.filter((complaint) => !complaint.includes('/news?'))).toEqual([])
})

for (const colorScheme of ['light', 'dark'] as const) {
  for (const [device, viewport] of [
    ['a desktop', { width: 1280, height: 900 }],
    ['a phone', { width: 360, height: 740 }],
  ] as const) {
    test(`on ${device}, ${colorScheme}: nothing that axe finds fault with, and nothing to scroll to sideways`, async ({
      browser,
    }) => {
      const context = await browser.newContext({ colorScheme, viewport, reducedMotion: 'reduce' })
      const page = await context.newPage()
      try {
        const { complaints } = await open(page)
        expect(await faults(page)).toEqual([])
        await press(page, 'Cut the link')
        expect(await faults(page)).toEqual([])
        const sideways = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        )
        expect(sideways).toBe(0)
        const animations = await page.evaluate(() => document.getAnimations().length)
        expect(animations).toBe(0)
        expect(complaints).toEqual([])
      } finally {
        await context.close()
      }
    })
  }
}

test('where there is no libdatachannel the page says so, and texts are exchanged', async ({ page }) => {
  test.setTimeout(90_000)
  const without = await startDemo(['--without-peers'])
  try {
    expect(without.output()).toContain('There is no libdatachannel')
    const { complaints } = await open(page, without.page)
    await expect(page.getByRole('alert')).toContainText('The server has no libdatachannel')
    await press(page, 'Close from the client')
    const { bare, lastword } = await counters(page)
    expect(lastword).toEqual({ ...nothingLost, connected: 0 })
    expect(bare).toMatchObject({ calls: 1, answersLost: 1 })
    expect(complaints).toEqual([])
    await without.stop()
    await expect(page.getByRole('alert')).toContainText('The server does not answer')
  } finally {
    await without.stop()
  }
})

test('a port that is taken is named, with what to do', async () => {
  test.setTimeout(90_000)
  const { port } = new URL(demo.page)
  const failure = await startDemo(['--port', port]).then(
    () => undefined,
    (error: Error) => error.message,
  )
  expect(failure).toContain(`port ${port} is taken on 127.0.0.1; choose another one with --port N`)
  expect(failure).toContain('ended with status 1')
})

/** What axe finds, as `rule: element`. It is run from outside of the page, which lets no script in. */
async function faults(page: Page): Promise<string[]> {
  await page.evaluate(await axeSource)
  const { violations } = await page.evaluate(() => (globalThis as unknown as { axe: typeof axe }).axe.run())
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

const axeSource = readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
