/** Who saw something. */
export type Side = 'client' | 'server'
export type Dir = 'in' | 'out'

/** An envelope as a trace has it; which fields there are depends on `t`, and nothing is known of their values. */
export interface TracedEnvelope {
  t: string
  [field: string]: unknown
}

interface Origin {
  /** In ms; differences count, and where it is the time since 1970, so does the day. */
  at: number
  sid: string
  side: Side
  link: number
}

export interface LinkOpenedLine extends Origin {
  type: 'link-opened'
}

export interface LinkEndedLine extends Origin {
  type: 'link-ended'
  code: number
  reason: string
  clean: boolean
  failure?: string | undefined
}

export interface EnvelopeLine extends Origin {
  type: 'envelope'
  dir: Dir
  frame: number
  bytes: number
  envelope: TracedEnvelope
}

export interface GarbageLine extends Origin {
  type: 'garbage'
  dir: Dir
  frame: number
  bytes: number
}

/** Lines that the writer could not write stood here. */
export interface DroppedLine {
  type: 'dropped'
  at: number
  lines: number
}

/** What a session's own trace says, line by line. */
export type SessionLine = LinkOpenedLine | LinkEndedLine | EnvelopeLine | GarbageLine

export type TraceLine = SessionLine | DroppedLine

/** @throws Error that says in words why the text is no line of a trace */
export function parseTraceLine(text: string): TraceLine {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('is not JSON')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('is not an object')
  return checked(value as Fields)
}

type Fields = Record<string, unknown>

function checked(line: Fields): TraceLine {
  number(line, 'at')
  switch (line.type) {
    case 'dropped':
      number(line, 'lines')
      return line as unknown as DroppedLine
    case 'link-opened':
      break
    case 'link-ended':
      number(line, 'code')
      string(line, 'reason')
      if (typeof line.clean !== 'boolean') throw new Error('has no "clean" that is true or false')
      break
    case 'garbage':
      checkFrame(line)
      break
    case 'envelope': {
      checkFrame(line)
      const { envelope } = line
      if (typeof envelope !== 'object' || envelope === null) throw new Error('has no "envelope"')
      string(envelope as Fields, 't')
      break
    }
    default:
      throw new Error(`has a "type" that is not known here: ${JSON.stringify(line.type)?.slice(0, 40)}`)
  }
  string(line, 'sid')
  number(line, 'link')
  if (line.side !== 'client' && line.side !== 'server')
    throw new Error('has no "side" that is "client" or "server"')
  return line as unknown as SessionLine
}

function checkFrame(line: Fields): void {
  number(line, 'frame')
  number(line, 'bytes')
  if (line.dir !== 'in' && line.dir !== 'out') throw new Error('has no "dir" that is "in" or "out"')
}

function number(line: Fields, field: string): void {
  if (!Number.isFinite(line[field])) throw new Error(`has no "${field}" that is a number`)
}

function string(line: Fields, field: string): void {
  if (typeof line[field] !== 'string') throw new Error(`has no "${field}" that is a string`)
}
