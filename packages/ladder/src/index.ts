/**
 * Draws what a lastword session said, from its traces. The command `lastword-ladder` is made of this.
 *
 * @packageDocumentation
 */
export { drawPage, drawRows } from './page.ts'
export { ladderStyle } from './page-style.ts'
export { type Row, type Story, tellStory } from './story.ts'
export type { ReadingNotes } from './story-words.ts'
export { drawText } from './text.ts'
export { parseTraceLine, type TraceLine } from './trace-line.ts'
export { Traces, type TracesOptions } from './traces.ts'
