/** The four columns of the comparison: which client talks to which server. */
export interface Stack {
  id: StackId
  name: string
  server: ServerPolicy
}

export type StackId = 'ws-close' | 'ws-terminate' | 'platform' | 'lastword'

/** What the server does when it has answered. */
export type ServerPolicy = 'close' | 'terminate' | 'lastword'

export const stacks: readonly Stack[] = [
  { id: 'ws-close', name: 'ws, send + close()', server: 'close' },
  { id: 'ws-terminate', name: 'ws, send + terminate()', server: 'terminate' },
  { id: 'platform', name: 'platform WebSocket, send + close()', server: 'close' },
  { id: 'lastword', name: 'lastword', server: 'lastword' },
]

export function stackById(id: string): Stack {
  const stack = stacks.find((candidate) => candidate.id === id)
  if (stack === undefined) throw new Error(`there is no stack '${id}'`)
  return stack
}
