import { readFileSync } from 'node:fs'
import process from 'node:process'
import { run } from './child.mjs'

const installDeadlineMs = 5 * 60_000

/** @returns {boolean} whether this process may install packages: it is root, on Debian or Ubuntu */
export function mayInstallPackages() {
  return process.getuid?.() === 0 && isDebianLike()
}

/**
 * Installs packages with apt-get, whose own words are shown. Whether it worked is for the caller to see.
 *
 * @param {string[]} packages
 */
export async function installPackages(packages) {
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' }, deadlineMs: installDeadlineMs }
  const update = await run('apt-get', ['update'], options)
  if (update.code !== 0) return
  await run('apt-get', ['install', '-y', '--no-install-recommends', ...packages], options)
}

function isDebianLike() {
  try {
    return /^(ID|ID_LIKE)=.*\b(debian|ubuntu)\b/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}
