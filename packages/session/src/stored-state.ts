import type { JournalState } from '@lastword/protocol'

// Whether what a store gives back can be what a machine has written.

export function isState(state: JournalState): boolean {
  return (
    typeof state === 'object' &&
    isCount(state.links) &&
    typeof state.welcomed === 'boolean' &&
    isCount(state.out?.acked) &&
    isCount(state.out.handledTotal) &&
    isCount(state.in?.got) &&
    isCount(state.in.handled) &&
    isCount(state.in.handledTotal)
  )
}

export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
