import { parseArgs } from 'node:util'
import { cutWays, type Part, type Replay, shapes, sides } from './part.ts'

/** What the person who starts the soak asked for. */
export interface SoakOptions {
  parts: Part[]
  short: boolean
  replay: Replay
}

export type ParsedOptions =
  | { kind: 'run'; options: SoakOptions }
  | { kind: 'help'; text: string }
  | { kind: 'error'; message: string }

const numberMax = 2 ** 32 - 1
const linksMax = 10

/** Reads the command line. Never throws: a mistake comes back as a message for the person who made it. */
export function parseOptions(args: string[], all: readonly Part[]): ParsedOptions {
  try {
    const { values } = parse(args)
    if (values.help) return { kind: 'help', text: helpText(all) }
    const parts = partsOf(values.only, all)
    const replay: Replay = {
      seed: wholeNumber('--seed', values.seed, 0, numberMax),
      at: wholeNumber('--at', values.at, 0, numberMax),
      side: oneOf('--side', values.side, sides),
      how: oneOf('--how', values.how, cutWays),
      links: wholeNumber('--links', values.links, 1, linksMax),
      shape: oneOf('--shape', values.shape, shapes),
    }
    for (const [name, value] of Object.entries(replay)) {
      const owners = name === 'seed' ? ['takeover', 'killed', 'restarted'] : ['cut']
      if (value === undefined || parts.every((one) => owners.includes(one.name))) continue
      const owner = owners.length === 1 ? `the part ${owners[0]}` : `the parts ${owners.join(', ')}`
      throw new Error(`--${name} is for ${owner}: add --only ${owners[0]}`)
    }
    const { short } = values
    const chosen = parts.filter(({ wholeOnly }) => !(short && wholeOnly))
    if (chosen.length === 0) throw new Error('nothing of that is in the slice: leave out --short')
    return { kind: 'run', options: { parts: chosen, short, replay } }
  } catch (error) {
    return { kind: 'error', message: firstSentence(error) }
  }
}

export function helpText(all: readonly Part[]): string {
  return [
    'npm run soak -- [options]',
    '',
    'Proves on real sockets, and in many processes, what takes too long for npm test. Each part ends with one line.',
    '',
    '  --only PART     only this part; names with commas, and more than once',
    '  --short         the slice that npm test runs, under a minute in all',
    '  --help          this text',
    '',
    'Of the part cut, to see some runs again:',
    '',
    '  --at N          cut after so many bytes, and at no other place',
    `  --side SIDE     whose bytes are counted: ${sides.join(', ')}`,
    `  --how HOW       how the connection ends: ${cutWays.join(', ')}`,
    '  --links N       how many links are cut, one after the other',
    `  --shape SHAPE   which conversation: ${shapes.join(', ')}`,
    '',
    'Of the parts takeover, killed and restarted:',
    '',
    '  --seed N        only the session, client or server of this seed',
    '',
    'Parts:',
    '',
    ...all.map(({ name, description }) => `  ${name.padEnd(15)} ${description}`),
    '',
    'Exit status: 0 if every promise was kept, 1 if not, 2 for a mistake on the command line, 130 when interrupted.',
  ].join('\n')
}

function parse(args: string[]) {
  return parseArgs({
    args,
    strict: true,
    allowPositionals: false,
    options: {
      only: { type: 'string', multiple: true },
      short: { type: 'boolean', default: false },
      seed: { type: 'string' },
      at: { type: 'string' },
      side: { type: 'string' },
      how: { type: 'string' },
      links: { type: 'string' },
      shape: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
}

function partsOf(only: string[] | undefined, all: readonly Part[]): Part[] {
  if (only === undefined) return [...all]
  const names = only.flatMap((list) => list.split(','))
  const unknown = names.find((name) => !all.some((part) => part.name === name))
  if (unknown !== undefined) {
    throw new Error(`there is no part '${unknown}'; use ${all.map(({ name }) => name).join(', ')}`)
  }
  return all.filter(({ name }) => names.includes(name))
}

function wholeNumber(name: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined
  const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  throw new Error(`${name} takes a whole number from ${min} to ${max}, not '${text}'`)
}

function oneOf<T extends string>(
  name: string,
  text: string | undefined,
  choices: readonly T[],
): T | undefined {
  if (text === undefined) return undefined
  const choice = choices.find((one) => one === text)
  if (choice === undefined) throw new Error(`${name} takes ${choices.join(' or ')}, not '${text}'`)
  return choice
}

/** Node adds advice about `--` behind its first sentence, which does not help here. */
function firstSentence(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.split('. ')[0] ?? text
}
