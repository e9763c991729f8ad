/**
 * Writes the JSON Schema of frames, made from the zod schemas, to the file that is given as an argument, or to
 * `dist/schema.json` below the working directory.
 */
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { limits } from '../src/limits.ts'
import { binaryHeaderSchema, frameSchema } from '../src/schema.ts'

/** The schema of a text frame; `$defs` has every envelope and the header of a binary frame as well. */
export function jsonSchema(): Record<string, unknown> {
  const { $schema, $defs: envelopes, ...frame } = z.toJSONSchema(frameSchema)
  const { $schema: _, $defs: alreadyThere, ...header } = z.toJSONSchema(binaryHeaderSchema)
  return {
    $schema,
    title: 'lastword frame, version 1',
    description: [
      'A text frame, parsed. The header of a binary frame is $defs["lastword.binaryHeader"].',
      'Not said here: a frame is no longer than its receiver allows; maxLength counts UTF-16 code units;',
      `d and auth nest at most ${limits.depthMax} deep and, like meta and the envelope itself, have no key __proto__;`,
      'the ranges of an ack ascend; a t that is missing here ends the link as envelopeUnknown.',
    ].join(' '),
    ...frame,
    $defs: { ...envelopes, ...alreadyThere, 'lastword.binaryHeader': header },
  }
}

function main(path = 'dist/schema.json'): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, `${JSON.stringify(jsonSchema(), null, 2)}\n`)
}

const started = process.argv[1]
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)) main(process.argv[2])
