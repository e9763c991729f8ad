/**
 * What a level journal needs of its database: an `abstract-level` database of any default encodings, such as `Level`,
 * `ClassicLevel`, `BrowserLevel` or a sublevel of one. Spelled out here, so that nothing but the application depends
 * on a version of it.
 */
export interface LevelDatabase {
  readonly status: string
  open(): Promise<void>
  close(): Promise<void>
  get(key: string, options: LevelEncodings): Promise<Uint8Array | undefined>
  batch(operations: LevelOperation[], options: LevelEncodings & { sync: boolean }): Promise<void>
  iterator(options: LevelEncodings & LevelRange): AsyncIterable<[string, Uint8Array]>
}

export interface LevelEncodings {
  keyEncoding: 'utf8'
  valueEncoding: 'view'
}

export interface LevelRange {
  gte: string
  lt: string
}

export type LevelOperation = { type: 'put'; key: string; value: Uint8Array } | { type: 'del'; key: string }

export const encodings: LevelEncodings = { keyEncoding: 'utf8', valueEncoding: 'view' }
