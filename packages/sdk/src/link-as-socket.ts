import type { Link } from '@lastword/transport'

/** What a page's client needs of a WebSocket, or of what stands in for one. */
export interface PageSocket {
  binaryType: string
  readonly bufferedAmount: number
  /** The subprotocol that the server has selected, once it is open. */
  readonly protocol: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  send(frame: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
}

/**
 * A link as a page's client expects a WebSocket: so that the page needs no second way to speak to its links, and whoever
 * wants no fallback loads nothing of it.
 */
export function linkAsSocket(link: Link): PageSocket {
  const socket: PageSocket = {
    binaryType: 'arraybuffer',
    onopen: null,
    onmessage: null,
    onerror: null,
    onclose: null,
    get protocol() {
      return link.protocol
    },
    get bufferedAmount() {
      return link.bufferedBytes
    },
    send: (frame) => link.send(frame),
    close(code = 1000, reason = '') {
      void link.close(code, reason)
    },
  }
  link.attach({
    onOpen: () => socket.onopen?.({} as never),
    onFrame(frame) {
      // As a WebSocket gives it: the bytes alone, without the buffer that they may be a part of.
      const data = typeof frame === 'string' ? frame : new Uint8Array(frame).buffer
      socket.onmessage?.({ data } as never)
    },
    onDrain() {},
    onEnd({ code, reason, clean, error: cause }) {
      // A WebSocket says no more than that; why a request failed is worth telling.
      socket.onclose?.({ code, reason, wasClean: clean, cause } as never)
    },
  })
  return socket
}
