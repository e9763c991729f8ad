/** The axes of the matrix, and what a cell of it is. Both processes of a round read this one file. */

export const schemes = ['ws', 'wss'] as const
export const sizes = ['3KiB', '64KiB', '1MiB', '8MiB'] as const
export const ways = ['close', 'terminate', 'end', 'destroy', 'exit', 'kill', 'timeout'] as const
export const conditions = [
  'quiet',
  'upload',
  'blocked',
  'paused',
  'reset-before',
  'reset-mid',
  'reset-after',
  'truncate',
  'half-close-client',
  'half-close-server',
  'trickle',
] as const

export type Scheme = (typeof schemes)[number]
export type Size = (typeof sizes)[number]
/** How the server ends the connection, right behind its answer. */
export type Way = (typeof ways)[number]
/** What happens meanwhile. */
export type Condition = (typeof conditions)[number]

export interface Cell {
  scheme: Scheme
  size: Size
  way: Way
  condition: Condition
}

/** The axes in the order in which a cell's name gives them. */
export const axes = [schemes, sizes, ways, conditions] as const

const KiB = 1024
const MiB = 1024 * KiB

export const bytesOf: Record<Size, number> = {
  '3KiB': 3 * KiB,
  '64KiB': 64 * KiB,
  '1MiB': MiB,
  '8MiB': 8 * MiB,
}

/** Larger than the largest answer: both sides of lastword are given it as `maxBytes`, for the default is 1 MiB. */
export const messageBytesMax = 9 * MiB

/** What the client uploads behind its request under `upload`, in messages of `uploadChunkBytes`. */
export const uploadBytes = 4 * MiB
export const uploadChunkBytes = 64 * KiB

/** How long the client's event loop stands still under `blocked`, and its socket is paused under `paused`, in ms. */
export const stillMs = 300

/** How fast the proxy passes the server's bytes on under `trickle`. */
export const trickleBytesPerSecond = 1024 * KiB

/** The server's patience in the way `timeout`: `closeTimeout` of ws, in ms. Its default is 30 s; the proportions count. */
export const patienceMs = 200

/** Every cell, the conditions changing fastest. */
export function allCells(): Cell[] {
  return schemes.flatMap((scheme) =>
    sizes.flatMap((size) =>
      ways.flatMap((way) => conditions.map((condition) => ({ scheme, size, way, condition }))),
    ),
  )
}

/** As `--only` and the report name it: `wss/1MiB/terminate/reset-mid`. */
export function cellName({ scheme, size, way, condition }: Cell): string {
  return `${scheme}/${size}/${way}/${condition}`
}

/** The cell of that name; undefined if there is none. */
export function cellNamed(name: string): Cell | undefined {
  const [scheme, size, way, condition, ...rest] = name.split('/')
  if (rest.length > 0) return undefined
  const cell = { scheme, size, way, condition }
  const known =
    isOneOf(schemes, scheme) && isOneOf(sizes, size) && isOneOf(ways, way) && isOneOf(conditions, condition)
  return known ? (cell as Cell) : undefined
}

/** True if the server's process ends in a round of this cell, so that it has one of its own. */
export function processEnds({ way }: Cell): boolean {
  return way === 'exit' || way === 'kill'
}

/** True if bytes go through a proxy. */
export function needsProxy({ condition }: Cell): boolean {
  return condition.startsWith('reset-') || condition === 'truncate' || condition === 'trickle'
}

function isOneOf(axis: readonly string[], value: string | undefined): boolean {
  return value !== undefined && axis.includes(value)
}
