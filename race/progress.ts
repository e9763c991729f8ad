import { SingleBar } from 'cli-progress'
import { type Cell, cellName } from './matrix.ts'
import { brokenPromises, type CellResult } from './verdict.ts'

/** Tells the person who waits how far the race is. It writes to stderr, so that stdout holds only results. */
export interface Progress {
  round(cell: Cell): void
  cell(result: CellResult): void
  end(): void
}

/** Without a terminal: a line about every so many ms. */
const lineMs = 15_000

export function createProgress(
  totalRounds: number,
  totalCells: number,
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  return stream.isTTY ? bar(totalRounds, stream) : lines(totalCells, stream)
}

function bar(totalRounds: number, stream: NodeJS.WriteStream): Progress {
  const single = new SingleBar({
    stream,
    format: '{bar} {percentage}%  {value}/{total} rounds, {eta_formatted} left  {cell}  {broken}',
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
    etaBuffer: 500,
  })
  let broken = 0
  const brokenText = () => (broken === 0 ? '' : `${broken} promises broken`)
  single.start(totalRounds, 0, { cell: 'starting', broken: '' })
  return {
    round(cell) {
      single.increment(1, { cell: cellName(cell), broken: brokenText() })
    },
    cell(result) {
      broken += brokenPromises([result]).length
    },
    end: () => single.stop(),
  }
}

function lines(totalCells: number, stream: NodeJS.WriteStream): Progress {
  let cells = 0
  let toldAt = performance.now()
  return {
    round() {},
    cell(result) {
      cells += 1
      for (const { what } of brokenPromises([result])) stream.write(`${what}\n`)
      if (performance.now() - toldAt < lineMs && cells < totalCells) return
      toldAt = performance.now()
      stream.write(`${cells} of ${totalCells} cells\n`)
    },
    end() {},
  }
}
