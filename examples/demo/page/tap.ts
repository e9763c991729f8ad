import type { WireEvent } from './wire.ts'

/**
 * Stands in front of the browser's WebSocket before any other script has seen it, and tells the page what goes over each
 * connection: the same for bare WebSockets and for those of lastword, which knows nothing of it.
 */

const Native = globalThis.WebSocket

class TappedWebSocket extends Native {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols)
    const offered = typeof protocols === 'string' ? [protocols] : (protocols ?? [])
    this.#tell({ kind: 'opening', protocols: offered })
    this.addEventListener('open', () => this.#tell({ kind: 'open' }))
    this.addEventListener('message', ({ data }) => this.#tell({ kind: 'received', data }))
    this.addEventListener('close', ({ code, wasClean }) => this.#tell({ kind: 'closed', code, wasClean }))
  }

  override send(data: string | ArrayBufferLike | Blob | ArrayBufferView<ArrayBuffer>): void {
    super.send(data as string)
    this.#tell({ kind: 'sent', data })
  }

  override close(code?: number, reason?: string): void {
    if (this.readyState <= Native.OPEN) this.#tell({ kind: 'closing' })
    super.close(code, reason)
  }

  #tell(event: Omit<WireEvent, 'url'>): void {
    wire.dispatchEvent(new CustomEvent('wire', { detail: { url: this.url, ...event } }))
  }
}

globalThis.wire = new EventTarget()
globalThis.WebSocket = TappedWebSocket
