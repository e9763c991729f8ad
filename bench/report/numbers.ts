import type { Figure } from '../harness/figures.ts'

/** Three digits that count, with thousands set apart: 0.0123, 1.23, 12.3, 123, 113,000. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (value === 0) return '0'
  const rounded = Number(value.toPrecision(3))
  // Of the rounded one: 0.9999 is 1.00.
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(rounded))))
  return rounded.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits })
}

/** Such as `4.03 (3.90–4.11)`: the median, and between what the rounds were, where they differ. */
export function withSpread(figure: Figure | undefined): string {
  if (figure === undefined) return '–'
  const [median, least, greatest] = [figure.median, figure.least, figure.greatest].map(shown)
  return least === greatest ? `${median}` : `${median} (${least}–${greatest})`
}
