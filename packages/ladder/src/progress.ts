import { stat } from 'node:fs/promises'

/** Says on a terminal how far reading has come, where that takes long enough to be asked for. */
export class Progress {
  readonly #bytes: number
  readonly #shows: boolean
  #read = 0
  #told = 0

  private constructor(bytes: number, shows: boolean) {
    this.#bytes = bytes
    this.#shows = shows
  }

  /** A file that cannot be read says so when it is. */
  static async of(files: string[]): Promise<Progress> {
    const sizes = await Promise.all(
      files.map((file) =>
        stat(file).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    )
    const bytes = sizes.reduce((sum, size) => sum + size, 0)
    return new Progress(bytes, process.stderr.isTTY === true && bytes >= shownFromBytes)
  }

  async *counted(chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    for await (const chunk of chunks) {
      this.#read += chunk.length
      const percent = Math.min(100, Math.floor((this.#read / this.#bytes) * 100))
      if (this.#shows && percent > this.#told) {
        this.#told = percent
        process.stderr.write(`\rreading: ${percent} %`)
      }
      yield chunk
    }
  }

  end(): void {
    if (this.#told > 0) process.stderr.write('\r\u001b[K')
    this.#told = 0
  }
}

const shownFromBytes = 8 * 1024 * 1024
