// The three pure functions of the platform that this package uses. They are declared here, and nothing else
// is, so that the package's `lib` can stay free of everything with I/O, a clock or randomness.

declare class TextEncoder {
  encode(text: string): Uint8Array
}

declare class TextDecoder {
  constructor(label: 'utf-8', options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes: Uint8Array): string
}
