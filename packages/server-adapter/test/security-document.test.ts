import { existsSync, readFileSync } from 'node:fs'
import { closeCodes, resetCodes } from '@lastword/protocol'
import { expect, test } from 'vitest'

const root = new URL('../../../', import.meta.url)
const document = readFileSync(new URL('docs/security.md', root), 'utf8')

/** The rows of the table of threats, each a list of its cells. */
const rows = (document.split('| threat |')[1] ?? '')
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| ---'))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

test('docs/security.md has a row for each threat, with a test that exists', () => {
  expect(rows.length).toBeGreaterThan(25)
  expect(
    rows.flatMap(([threat, , , proof = '']) => missingIn(proof).map((one) => `${threat}: ${one}`)),
  ).toEqual([])
})

test('docs/security.md names codes that exist', () => {
  const known = new Set<string>([...Object.keys(closeCodes), ...resetCodes, 'no-handler'])
  const named = rows.flatMap(([, , codes = '']) =>
    [...codes.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? ''),
  )
  expect(named.filter((code) => !known.has(code))).toEqual([])
})

test('a test that does not exist is found', () => {
  expect(missingIn('`packages/server-adapter/test/floods.test.ts`: no such name')).toHaveLength(1)
  expect(missingIn('`packages/server-adapter/test/nowhere.test.ts`: a flood')).toHaveLength(1)
  expect(missingIn('by inspection')).toHaveLength(1)
})

/** What the last column of a row names and is not there. */
function missingIn(proof: string): string[] {
  const script = /^`npm run ([a-z]+)`$/.exec(proof)?.[1]
  const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'))
  if (script !== undefined) return script in scripts ? [] : [`npm run ${script}`]
  return proof.split('; ').filter((one) => {
    const [, path = '', name = ''] = /^`([^`]+\.test\.ts)`: (.+)$/.exec(one) ?? []
    const file = new URL(path, root)
    return (
      path === '' || !existsSync(file) || !namesIn(readFileSync(file, 'utf8')).some((is) => is.includes(name))
    )
  })
}

/** Names of tests, and of the cases of a `test.each`, as they stand in a source. */
function namesIn(source: string): string[] {
  return [...source.matchAll(/(['"`])((?:(?!\1)[^\\\n]|\\.)*)\1/g)].map(([, , text]) => text ?? '')
}
