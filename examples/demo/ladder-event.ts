/** One line of the sequence diagram: something that one side saw, in the order of time. */
export interface LadderEvent {
  /** When, in ms. Only differences count. */
  at: number
  kind: 'envelope' | 'link-opened' | 'link-ended' | 'note'
  /** Who sent the envelope, or whose note it is. */
  from: 'client' | 'server'
  /** What stands on the arrow, or beside the line. */
  label: string
  /** Which connection of the session, counted from 1. */
  link: number
  /** True where a connection ended without its close handshake. */
  cut?: boolean
  /** Neighbours with the same group, sender and link are drawn as one arrow. Absent: drawn alone. */
  group?: string
}
