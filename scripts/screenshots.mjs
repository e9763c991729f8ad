#!/usr/bin/env node
import { mkdirSync, writeFileSync } from 'node:fs'
import process from 'node:process'
import { chromiumFlags, ensureChromium } from './chromium.mjs'
import { startDemo } from './demo-server.mjs'
import { ensureInstalled } from './install.mjs'
import { inRoot } from './root.mjs'
import { smallPng } from './small-png.mjs'

/**
 * Takes the pictures of the demo's page in `docs/screenshots`: light and dark, on a desktop and on a phone, after some
 * calls. What they show has happened; the numbers differ from run to run.
 */

const folder = inRoot('docs/screenshots')
const bytesMax = 200_000
const runMs = 120_000
/** The last of them is drawn frame by frame. */
const runs = ['Call × 20', 'Close from the client', 'Cut the link']
const devices = {
  desktop: { viewport: { width: 1280, height: 900 }, deviceScaleFactor: 1 },
  phone: { viewport: { width: 360, height: 740 }, deviceScaleFactor: 1.75 },
}

/** @param {string} address of the demo's page */
async function takePictures(address) {
  // Imported here: it is there only after the install.
  const { chromium } = await import('@playwright/test')
  const browser = await chromium.launch({
    executablePath: await ensureChromium(),
    args: [...chromiumFlags, '--ignore-certificate-errors'],
  })
  try {
    for (const [device, size] of Object.entries(devices)) {
      const context = await browser.newContext({ ...size, colorScheme: 'light', reducedMotion: 'reduce' })
      const page = await context.newPage()
      await page.goto(address)
      for (const name of runs) {
        await page.getByRole('button', { name, exact: true }).click()
        await page
          .getByRole('status')
          .filter({ hasText: `${name}: ` })
          .waitFor({ timeout: runMs })
      }
      // Nothing has the focus, and the mouse is nowhere.
      await page.mouse.move(0, 0)
      for (const scheme of /** @type {const} */ (['light', 'dark'])) {
        await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
        const file = `${folder}/${device}-${scheme}.png`
        const picture = smallPng(await page.screenshot({ fullPage: true }))
        const bytes = picture.length
        if (bytes > bytesMax) throw new Error(`${file} would have ${bytes} bytes, more than ${bytesMax}`)
        writeFileSync(file, picture)
        console.log(`docs/screenshots/${device}-${scheme}.png: ${Math.round(bytes / 1000)} kB`)
      }
      await context.close()
    }
  } finally {
    await browser.close()
  }
}

try {
  await ensureInstalled()
  mkdirSync(folder, { recursive: true })
  const demo = await startDemo()
  try {
    await takePictures(demo.page)
  } finally {
    await demo.stop()
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
