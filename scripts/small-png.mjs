import { crc32, deflateSync, inflateSync } from 'node:zlib'

/**
 * Makes a screenshot small enough for a repository: a page of text has few colours, and its smoothed letters many that
 * nobody can tell apart. The 256 that are used most stay as they are, and each pixel becomes one byte.
 *
 * @param {Buffer} png of 8 bits for each of red, green and blue, not interlaced, as browsers write it
 * @returns {Buffer}
 */
export function smallPng(png) {
  const { width, height, channels, pixels } = decode(png)
  return encode(width, height, withPalette(pixels, channels))
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

/** @param {Buffer} png */
function decode(png) {
  const header = png.subarray(16, 29)
  const width = header.readUInt32BE(0)
  const height = header.readUInt32BE(4)
  const channels = header[9] === 6 ? 4 : 3
  if (!png.subarray(0, 8).equals(signature) || header[8] !== 8 || header[12] !== 0) {
    throw new Error('the picture is not the kind of PNG that browsers write')
  }
  const parts = []
  for (let at = 8; at < png.length; ) {
    const bytes = png.readUInt32BE(at)
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') parts.push(png.subarray(at + 8, at + 8 + bytes))
    at += 12 + bytes
  }
  const rows = inflateSync(Buffer.concat(parts))
  return { width, height, channels, pixels: unfilter(rows, width * channels, height, channels) }
}

/**
 * Each row says how its bytes were predicted from those left of them and above them.
 *
 * @param {Buffer} rows
 * @param {number} rowBytes
 * @param {number} height
 * @param {number} channels
 */
function unfilter(rows, rowBytes, height, channels) {
  const pixels = Buffer.alloc(rowBytes * height)
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (rowBytes + 1)] ?? 0
    for (let x = 0; x < rowBytes; x++) {
      const at = y * rowBytes + x
      const left = x >= channels ? (pixels[at - channels] ?? 0) : 0
      const above = y > 0 ? (pixels[at - rowBytes] ?? 0) : 0
      const corner = x >= channels && y > 0 ? (pixels[at - rowBytes - channels] ?? 0) : 0
      pixels[at] = (rows[y * (rowBytes + 1) + 1 + x] ?? 0) + predicted(filter, left, above, corner)
    }
  }
  return pixels
}

/**
 * @param {number} filter
 * @param {number} left
 * @param {number} above
 * @param {number} corner
 */
function predicted(filter, left, above, corner) {
  if (filter === 0) return 0
  if (filter === 1) return left
  if (filter === 2) return above
  if (filter === 3) return (left + above) >> 1
  const toLeft = Math.abs(above - corner)
  const toAbove = Math.abs(left - corner)
  const toCorner = Math.abs(left + above - 2 * corner)
  if (toLeft <= toAbove && toLeft <= toCorner) return left
  return toAbove <= toCorner ? above : corner
}

/**
 * @param {Buffer} pixels
 * @param {number} channels
 * @returns {{ palette: number[], indexes: Buffer }}
 */
function withPalette(pixels, channels) {
  const count = pixels.length / channels
  /** @type {Map<number, number>} */
  const uses = new Map()
  for (let pixel = 0; pixel < count; pixel++) {
    const colour = pixels.readUIntBE(pixel * channels, 3)
    uses.set(colour, (uses.get(colour) ?? 0) + 1)
  }
  const palette = [...uses]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 256)
    .map(([colour]) => colour)
  const indexOf = new Map([...uses.keys()].map((colour) => [colour, nearest(palette, colour)]))
  const indexes = Buffer.alloc(count)
  for (let pixel = 0; pixel < count; pixel++) {
    indexes[pixel] = indexOf.get(pixels.readUIntBE(pixel * channels, 3)) ?? 0
  }
  return { palette, indexes }
}

/**
 * @param {number[]} palette
 * @param {number} colour
 * @returns {number} the index of the colour that looks most like it
 */
function nearest(palette, colour) {
  let best = 0
  let least = Number.POSITIVE_INFINITY
  for (const [index, candidate] of palette.entries()) {
    const red = (candidate >> 16) - (colour >> 16)
    const green = ((candidate >> 8) & 255) - ((colour >> 8) & 255)
    const blue = (candidate & 255) - (colour & 255)
    const distance = red * red + green * green + blue * blue
    if (distance < least) {
      best = index
      least = distance
    }
  }
  return best
}

/**
 * @param {number} width
 * @param {number} height
 * @param {{ palette: number[], indexes: Buffer }} indexed
 */
function encode(width, height, { palette, indexes }) {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 3, 0, 0, 0], 8)
  const colours = Buffer.alloc(palette.length * 3)
  for (const [index, colour] of palette.entries()) colours.writeUIntBE(colour, index * 3, 3)
  const rows = Buffer.alloc((width + 1) * height)
  for (let y = 0; y < height; y++) indexes.copy(rows, y * (width + 1) + 1, y * width, (y + 1) * width)
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', colours),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

/**
 * @param {string} name
 * @param {Buffer} data
 */
function chunk(name, data) {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data])
  const whole = Buffer.alloc(named.length + 8)
  whole.writeUInt32BE(data.length, 0)
  named.copy(whole, 4)
  whole.writeUInt32BE(crc32(named), named.length + 4)
  return whole
}
