import { type Cell, processEnds, type Size } from './matrix.ts'

/** How many rounds run side by side: few enough that the machine does not become what is measured. */
const sideBySide: Record<Size, number> = { '3KiB': 10, '64KiB': 10, '1MiB': 5, '8MiB': 3 }
/** Rounds that mostly wait may be more. */
const trickling = 20
/** How many rounds share a server's process that ends for all of them at once. */
const batchMax = 5

/** How many rounds of a cell run side by side. */
export function waveOf(cell: Cell): number {
  if (!processEnds(cell)) return cell.condition === 'trickle' ? trickling : sideBySide[cell.size]
  // The client's FIN must not wait for other clients' requests: that would be another condition.
  if (cell.condition === 'half-close-client') return 1
  return cell.condition === 'trickle' ? trickling : Math.min(batchMax, sideBySide[cell.size])
}

/** How many requests a server waits for before it answers them. */
export function batchOf(cell: Cell, wave: number): number {
  return processEnds(cell) ? wave : 1
}
