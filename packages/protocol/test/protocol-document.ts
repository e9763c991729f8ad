import { z } from 'zod'
import { accusation, closeCodes, resetCodes } from '../src/codes.ts'
import { envelopeKinds } from '../src/envelope.ts'
import { idPattern, resetCodePattern, sidPattern } from '../src/ids.ts'
import { defaults, limits } from '../src/limits.ts'
import { envelopeSchema } from '../src/schema.ts'
import { conversationNamed } from './conversation.ts'
import { framesOf, ladderOf } from './ladder.ts'

/**
 * What `PROTOCOL.md` and the code say differently, a sentence each; empty when they agree. Both are flattened to
 * facts, such as `field msg.seq: required, integer 1..9007199254740991`, and a fact that only one has is a difference.
 */
export function differencesOf(document: string): string[] {
  const said = factsOfDocument(document)
  const real = factsOfCode()
  return [
    ...[...real].filter((fact) => !said.has(fact)).map((fact) => `only in the code: ${fact}`),
    ...[...said].filter((fact) => !real.has(fact)).map((fact) => `only in the document: ${fact}`),
    ...sampleDifferences(document),
  ]
}

/** What is wrong with the numbers of the rules: one that is missing, stands twice, or is cited and not there. */
export function ruleFaults(document: string, citedElsewhere: string[]): string[] {
  const defined = [...document.matchAll(/^- \*\*R-(\d+)\*\* /gm)].map((match) => Number(match[1]))
  const faults = defined.filter((n, i) => defined.indexOf(n) !== i).map((n) => `R-${n} stands twice`)
  const cited = [...document.matchAll(/R-(\d+)/g)].map((match) => Number(match[1]))
  for (const rule of citedElsewhere) cited.push(Number(/^R-(\d+)$/.exec(rule)?.[1]))
  for (const n of new Set(cited)) if (!defined.includes(n)) faults.push(`R-${n} is cited and not there`)
  return faults
}

/** Names of the sample conversations, in order. */
export function samplesOf(document: string): string[] {
  return sampleSections(document).map(({ name }) => name)
}

function factsOfDocument(document: string): Set<string> {
  const facts = new Set<string>()
  const add = (fact: string) => facts.add(facts.has(fact) ? `${fact} (twice)` : fact)
  for (const [code, name, meaning] of tableUnder(document, '### 8.1 Close codes')) {
    add(`close code ${code} ${bare(name)}${meaning?.startsWith('*fault*') ? ', a fault' : ''}`)
  }
  for (const [code] of tableUnder(document, '### 8.2 Reset codes')) add(`reset code ${bare(code)}`)
  for (const [name, value] of tableUnder(document, '### 9.1 Limits')) add(`limit ${bare(name)} = ${value}`)
  for (const [name, value] of tableUnder(document, '### 9.2 Defaults'))
    add(`default ${bare(name)} = ${value}`)
  const envelopes = sectionUnder(document, '## 4. Envelopes')
  for (const [, kind] of envelopes.matchAll(/^### `([^`]+)`$/gm)) {
    add(`envelope ${kind}`)
    for (const [field, required, type] of tableUnder(envelopes, `### \`${kind}\``)) {
      const strength = required === 'yes' ? 'required' : required === 'no' ? 'optional' : `"${required}"`
      add(`field ${kind}.${bare(field)}: ${strength}, ${inNumbers(type ?? '')}`)
    }
  }
  return facts
}

function factsOfCode(): Set<string> {
  const facts = new Set<string>()
  for (const [name, code] of Object.entries(closeCodes)) {
    facts.add(`close code ${code} ${name}${accusation(code) === undefined ? '' : ', a fault'}`)
  }
  for (const code of resetCodes) facts.add(`reset code ${code}`)
  for (const [name, value] of Object.entries(limits)) facts.add(`limit ${name} = ${value}`)
  for (const [name, value] of Object.entries(defaults)) facts.add(`default ${name} = ${value}`)
  for (const kind of envelopeKinds) facts.add(`envelope ${kind}`)
  for (const option of envelopeSchema.options) {
    const kind = option.shape.t.value
    facts.add(`envelope ${kind}`)
    addFields(facts, kind, schemaOf(kind, option))
  }
  return facts
}

/** The part of JSON Schema that the envelopes' schemas come out in. */
interface JsonSchema {
  type?: string
  properties?: Record<string, JsonSchema>
  required?: string[]
  const?: unknown
  pattern?: string
  minimum?: number
  maximum?: number
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  additionalProperties?: unknown
}

/** A schema with an id comes out as a reference to its definition. */
function schemaOf(kind: string, option: z.ZodType): JsonSchema {
  const { $defs, ...whole } = z.toJSONSchema(option)
  return ($defs?.[`lastword.${kind}`] ?? whole) as JsonSchema
}

function addFields(facts: Set<string>, path: string, schema: JsonSchema): void {
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    if (field.const !== undefined) continue
    const strength = schema.required?.includes(name) ? 'required' : 'optional'
    facts.add(`field ${path}.${name}: ${strength}, ${typeWords(field)}`)
    addFields(facts, `${path}.${name}`, field)
  }
}

function typeWords(schema: JsonSchema): string {
  switch (schema.type) {
    case 'integer':
      return `integer ${schema.minimum}..${schema.maximum}`
    case 'string':
      if (schema.pattern !== undefined) return patternNames.get(schema.pattern) ?? `pattern ${schema.pattern}`
      return `string ${schema.minLength ?? 0}..${schema.maxLength}`
    case 'array':
      return `ranges ${schema.minItems ?? 0}..${schema.maxItems}`
    case 'object':
      return schema.properties === undefined ? 'string map' : 'object'
    case undefined:
      return 'json'
    default:
      return schema.type
  }
}

const patternNames = new Map([
  [idPattern.source, 'id'],
  [sidPattern.source, 'sid'],
  [resetCodePattern.source, 'reset code'],
])

/** `integer 1..seqMax` with the limit's value in place of its name. */
function inNumbers(type: string): string {
  return type.replace(/[a-zA-Z]+(?=\.\.)|(?<=\.\.)[a-zA-Z]+/g, (name) =>
    name in limits ? String(limits[name as keyof typeof limits]) : name,
  )
}

function sampleDifferences(document: string): string[] {
  const differences: string[] = []
  for (const { name, text } of sampleSections(document)) {
    const conversation = conversationNamed(name)
    if (!text.includes(conversation.description))
      differences.push(`${name}: the description is not the vector's`)
    const ladder = ladderOf(conversation)
    if (blockOf(text, 'text') !== ladder)
      differences.push(`${name}: the ladder is not the vector's:\n${ladder}`)
  }
  const first = samplesOf(document)[0]
  if (first === undefined) return ['there are no sample conversations']
  const frames = framesOf(conversationNamed(first))
  if (blockOf(document, 'json') !== frames)
    differences.push(`${first}: the frames are not the vector's:\n${frames}`)
  return differences
}

function sampleSections(document: string): { name: string; text: string }[] {
  const samples = sectionUnder(document, '## 12. Sample conversations')
  return [...samples.matchAll(/^### .*`([^`]+)`$/gm)].map((match) => ({
    name: match[1] as string,
    text: sectionUnder(samples, match[0]),
  }))
}

function blockOf(text: string, language: string): string | undefined {
  return new RegExp(`^\`\`\`${language}\n(.*?)\n\`\`\`$`, 'ms').exec(text)?.[1]
}

/** What stands under a heading, up to the next one of its level or above. */
function sectionUnder(document: string, heading: string): string {
  const lines = document.split('\n')
  const start = lines.indexOf(heading)
  if (start < 0) throw new Error(`PROTOCOL.md has no heading "${heading}"`)
  const level = heading.indexOf(' ')
  const length = lines.slice(start + 1).findIndex((line) => /^#+ /.test(line) && line.indexOf(' ') <= level)
  return lines.slice(start + 1, length < 0 ? undefined : start + 1 + length).join('\n')
}

/** The rows of the first table under a heading, without its head. */
function tableUnder(document: string, heading: string): string[][] {
  const rows = sectionUnder(document, heading)
    .split('\n')
    .filter((line) => line.startsWith('|'))
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim()),
  )
}

function bare(cell = ''): string {
  return cell.replaceAll('`', '')
}
