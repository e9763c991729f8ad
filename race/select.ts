import { allCells, axes, type Cell, cellName } from './matrix.ts'

/**
 * Cells by patterns such as `wss/1MiB/terminate,end/reset-mid`: a part for each axis (scheme, size, way, condition),
 * each of them `*` or names with commas between them. A `*` inside a name stands for any characters (`reset-*`), and
 * parts left out at the end are `*`. A cell is taken if any pattern takes it, in the order of the matrix.
 *
 * Returns what is wrong with a pattern as a sentence, where something is.
 */
export function selectCells(patterns: readonly string[]): Cell[] | string {
  const tests: ((parts: string[]) => boolean)[] = []
  for (const pattern of patterns) {
    const parts = pattern.split('/')
    if (parts.length > axes.length) return `'${pattern}' has more than ${axes.length} parts`
    const matchers: RegExp[] = []
    for (const [index, axis] of axes.entries()) {
      const names = (parts[index] ?? '*').split(',')
      for (const name of names) {
        const matcher = matcherOf(name)
        if (axis.some((value) => matcher.test(value))) continue
        return `'${name}' in '${pattern}' is none of ${axis.join(', ')}`
      }
      matchers.push(new RegExp(names.map((name) => matcherOf(name).source).join('|')))
    }
    tests.push((values) => matchers.every((matcher, index) => matcher.test(values[index] ?? '')))
  }
  return allCells().filter((cell) => tests.some((test) => test(cellName(cell).split('/'))))
}

function matcherOf(name: string): RegExp {
  const source = name
    .split('*')
    .map((text) => text.replace(/[^\w-]/g, '\\$&'))
    .join('.*')
  return new RegExp(`^${source}$`)
}
