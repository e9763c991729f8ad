import { SingleBar } from 'cli-progress'
import { type Cell, formatPercent } from './figures.ts'
import { rowById } from './rows.ts'
import { stackById } from './stack-list.ts'

/** Tells the person who waits how far the demo is. It writes to stderr, so that stdout holds only results. */
export interface Progress {
  round(where: { row: number; stack: string }): void
  cell(cell: Cell): void
  end(): void
}

export function createProgress(totalRounds: number, stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? bar(totalRounds, stream) : lines(stream)
}

function bar(totalRounds: number, stream: NodeJS.WriteStream): Progress {
  const single = new SingleBar({
    stream,
    format: '{bar} {value}/{total} rounds  row {row}: {name}',
    barsize: 24,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    clearOnComplete: true,
  })
  let rounds = 0
  single.start(totalRounds, 0, { row: '-', name: 'starting' })
  return {
    round({ row, stack }) {
      rounds += 1
      single.update(rounds, { row: `${row} ${rowById(row).name}`, name: stackById(stack).name })
    },
    cell() {},
    end: () => single.stop(),
  }
}

function lines(stream: NodeJS.WriteStream): Progress {
  return {
    round() {},
    cell(cell) {
      const { name } = stackById(cell.stack)
      stream.write(
        `row ${cell.row}, ${name}: ${cell.answers} of ${cell.rounds} Answers, ${formatPercent(cell.lostPercent)} % lost\n`,
      )
    },
    end() {},
  }
}
