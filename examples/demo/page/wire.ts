/** What the tap tells about one connection. */
export interface WireEvent {
  /** The connection's address. */
  url: string
  kind: 'opening' | 'open' | 'sent' | 'received' | 'closing' | 'closed'
  /** Of `opening`: the subprotocols that were offered. */
  protocols?: string[]
  /** Of `sent` and `received`. */
  data?: unknown
  /** Of `closed`. */
  code?: number
  wasClean?: boolean
}

declare global {
  /** Dispatches a `CustomEvent<WireEvent>` of the type `wire` for all that goes over the page's WebSockets. */
  var wire: EventTarget
  /** What the script-tag build defines. */
  var lastword: typeof import('@lastword/sdk')
}
