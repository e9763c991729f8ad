import { existsSync } from 'node:fs'
import process from 'node:process'
import { installPackages, mayInstallPackages } from './apt.mjs'

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
  '/snap/bin/chromium',
  '/opt/homebrew/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
]

/**
 * No sandbox, for it does not work as root or in most containers, and the pages are our own; no QUIC, no
 * background traffic, so that what goes over the network is what the specs do.
 */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/**
 * @returns {string | undefined} the path of a Chromium on this machine: `CHROMIUM_PATH`, or where one usually is
 * @throws if `CHROMIUM_PATH` names a file that does not exist
 */
export function findChromium() {
  const named = process.env.CHROMIUM_PATH
  if (!named) return usualPlaces.find((place) => existsSync(place))
  if (existsSync(named)) return named
  throw new Error(
    `CHROMIUM_PATH is ${named}, and no such file exists. Correct it, or unset it to have the usual places tried.`,
  )
}

/**
 * Finds Chromium, and on Debian or Ubuntu installs it if this process may.
 *
 * @returns {Promise<string>} its path
 * @throws if there is none, with what to do about it
 */
export async function ensureChromium() {
  const found = findChromium()
  if (found) return found
  const mayInstall = mayInstallPackages()
  if (mayInstall) {
    console.log('No Chromium was found: installing the package "chromium" with apt-get ...')
    await installPackages(['chromium'])
    const installed = findChromium()
    if (installed) return installed
  }
  throw new Error(
    [
      'The browser tests need Chromium, and none was found.',
      mayInstall
        ? '  - Installing it with apt-get did not work; its own words are above.'
        : '  - Debian, Ubuntu: run `apt-get update && apt-get install -y chromium` as root.',
      '  - Elsewhere: install Chromium or Chrome, and set CHROMIUM_PATH to its program if it is in an unusual place.',
      '  - To run everything else: `npm test -- --help` says how to pick steps.',
    ].join('\n'),
  )
}
