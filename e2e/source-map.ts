import { SourceMap, type SourceMapPayload } from 'node:module'
import type { Page } from '@playwright/test'

interface Place {
  /** The file as its map names it. */
  source: string
  /** The whole line there, as the map has it. */
  text: string
}

/**
 * Provokes an error of lastword in the page, and says where in the sources its topmost frame in `script` stands, by
 * the source map that the script names. Throws if the map does not lead to a line that it has.
 */
export async function placeOfError(page: Page, script: string): Promise<Place> {
  const { stack, map } = await page.evaluate(async (script) => {
    const stack = (() => {
      try {
        lastword.connect('ftp://127.0.0.1')
        return ''
      } catch (error) {
        return (error as Error).stack ?? ''
      }
    })()
    const text = await (await fetch(script)).text()
    const name = text.match(/^\/\/# sourceMappingURL=(.*)$/m)?.[1] ?? ''
    const map = await (await fetch(new URL(name, new URL(script, location.href)))).text()
    return { stack, map }
  }, script)
  const frame = stack.split('\n').find((line) => line.includes(script))
  const [, line, column] = frame?.match(/:(\d+):(\d+)\)?$/) ?? []
  if (line === undefined || column === undefined) throw new Error(`${script} is not in this stack:\n${stack}`)
  const payload = JSON.parse(map) as SourceMapPayload
  const entry = new SourceMap(payload).findEntry(Number(line) - 1, Number(column) - 1)
  if (!('originalSource' in entry)) throw new Error(`the map has nothing for ${frame}`)
  const { originalSource: source, originalLine } = entry
  const text = payload.sourcesContent[payload.sources.indexOf(source)]?.split('\n')[originalLine]
  if (text === undefined)
    throw new Error(`the map leads to ${source}:${originalLine + 1}, and has no such line`)
  return { source, text }
}
