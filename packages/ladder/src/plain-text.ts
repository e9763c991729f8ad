/**
 * Text from a trace as it may be shown: what would move a terminal's cursor, turn the direction of writing or hide
 * itself is written out as its code, and what is long is cut.
 */
export function plainText(text: string, charsMax: number): string {
  // Cut first: a megabyte of a peer's making is not to be searched through.
  const cut = text.length > charsMax ? [...text.slice(0, charsMax)].slice(0, -1).join('') : text
  const safe = cut.replace(
    hidden,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}}`,
  )
  return cut === text ? safe : `${safe}… (${text.length} characters)`
}

/** Controls, format characters (bidirectional marks among them), line separators and lone surrogates. */
const hidden = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu
