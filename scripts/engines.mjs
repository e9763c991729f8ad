import { existsSync, readdirSync } from 'node:fs'
import process from 'node:process'
import { installPackages, mayInstallPackages } from './apt.mjs'

/**
 * The browsers besides Chromium that the shared suite runs in, where they are: Firefox speaks WebDriver BiDi by itself;
 * WebKitGTK has a driver, a small browser for it to drive, and needs a display, which is an invisible one here.
 */

/**
 * @typedef {object} WebkitPrograms
 * @property {string} driver WebKitWebDriver
 * @property {string} browser MiniBrowser
 * @property {string} display Xvfb
 *
 * @typedef {object} Engines
 * @property {string} [firefox] its program
 * @property {WebkitPrograms} [webkit]
 * @property {string[]} missing one line for each that is not here: what to install
 */

/** What has each engine on Debian and Ubuntu; the browser comes with the driver. */
const packages = { firefox: ['firefox-esr'], webkit: ['webkit2gtk-driver', 'xvfb'] }

const usualPlaces = {
  firefox: [
    '/usr/bin/firefox-esr',
    '/usr/bin/firefox',
    '/snap/bin/firefox',
    '/opt/homebrew/bin/firefox',
    '/Applications/Firefox.app/Contents/MacOS/firefox',
    'C:\\Program Files\\Mozilla Firefox\\firefox.exe',
  ],
  driver: ['/usr/bin/WebKitWebDriver', '/usr/bin/WebKitWebDriver-4.1'],
  display: ['/usr/bin/Xvfb'],
}

/**
 * @returns {Engines} which engines are on this machine
 * @throws if one of the variables names a file that does not exist
 */
export function findEngines() {
  const firefox = find('FIREFOX_PATH', usualPlaces.firefox)
  const driver = find('WEBKIT_DRIVER_PATH', usualPlaces.driver)
  const browser = find('WEBKIT_BROWSER_PATH', miniBrowsers())
  const display = find('XVFB_PATH', usualPlaces.display)
  const missing = []
  if (!firefox) missing.push(line('Firefox', 'Firefox (FIREFOX_PATH)', packages.firefox))
  const lacking = [
    !driver && 'WebKitWebDriver (WEBKIT_DRIVER_PATH)',
    !browser && 'MiniBrowser (WEBKIT_BROWSER_PATH)',
    !display && 'Xvfb (XVFB_PATH)',
  ].filter(Boolean)
  if (lacking.length > 0) missing.push(line('WebKit', lacking.join(', '), packages.webkit))
  return {
    ...(firefox && { firefox }),
    ...(driver && browser && display && { webkit: { driver, browser, display } }),
    missing,
  }
}

/**
 * Installs what is missing, on Debian or Ubuntu and if this process may. Where that does not work, the suite says so
 * and does without.
 */
export async function ensureEngines() {
  const { firefox, webkit } = findEngines()
  const wanted = [...(firefox ? [] : packages.firefox), ...(webkit ? [] : packages.webkit)]
  if (wanted.length === 0 || !mayInstallPackages()) return
  console.log(`Further browsers to test in: installing ${wanted.join(', ')} with apt-get ...`)
  await installPackages(wanted)
}

/**
 * @param {string} variable
 * @param {string[]} places
 */
function find(variable, places) {
  const named = process.env[variable]
  if (!named) return places.find((place) => existsSync(place))
  if (existsSync(named)) return named
  throw new Error(
    `${variable} is ${named}, and no such file exists. Correct it, or unset it to have the usual places tried.`,
  )
}

/** Where distributions put WebKitGTK's small browser, which is in no PATH. */
function miniBrowsers() {
  const folders = ['/usr/libexec', '/usr/lib64', '/usr/lib']
  if (existsSync('/usr/lib'))
    folders.push(
      ...readdirSync('/usr/lib')
        .filter((name) => name.includes('-linux-'))
        .map((name) => `/usr/lib/${name}`),
    )
  return folders.flatMap((folder) => [
    `${folder}/webkit2gtk-4.1/MiniBrowser`,
    `${folder}/webkitgtk-6.0/MiniBrowser`,
    `${folder}/webkit2gtk-4.0/MiniBrowser`,
  ])
}

/**
 * @param {string} engine
 * @param {string} lacking
 * @param {string[]} toInstall
 */
function line(engine, lacking, toInstall) {
  return `${engine} is left out: there is no ${lacking}. Debian, Ubuntu: apt-get install -y ${toInstall.join(' ')}`
}
