import { vi } from 'vitest'
import { type MemoryLink, memoryLinks } from '../../../session/test/memory-link.ts'
import type { TestPlatform } from '../../../session/test/pair.ts'

/** The browser's WebSocket over one end of a memory link, which a test opens when it likes. */
export class FakeSocket {
  static all: FakeSocket[] = []
  static writable = true
  readonly url: string
  readonly protocols: string[]
  /** What the server has selected. */
  protocol = 'lastword.1'
  binaryType = 'blob'
  near: MemoryLink
  readonly far: MemoryLink
  opened = false
  closing = false
  onopen: ((event: unknown) => void) | null = null
  onmessage: ((event: { data: unknown }) => void) | null = null
  onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null = null
  onerror: ((event: unknown) => void) | null = null

  constructor(url: string, protocols: string[]) {
    this.url = url
    this.protocols = protocols
    ;[this.near, this.far] = memoryLinks()
    FakeSocket.all.push(this)
  }

  get bufferedAmount(): number {
    return this.near.writable ? 0 : 2 ** 30
  }

  /** The handshake is done. */
  open(): void {
    this.opened = true
    this.near.attach({
      onOpen: () => this.onopen?.({}),
      onDrain() {},
      // A socket that is closing delivers no more.
      onFrame: (frame) => {
        if (!this.closing)
          this.onmessage?.({ data: typeof frame === 'string' ? frame : frame.slice().buffer })
      },
      onEnd: ({ code, reason, clean }) => this.onclose?.({ code, reason, wasClean: clean }),
    })
  }

  send(frame: string | Uint8Array): void {
    if (this.closing) return
    this.near.send(typeof frame === 'string' ? frame : frame.slice())
  }

  close(code = 1005, reason = ''): void {
    if (this.closing) return
    this.closing = true
    if (this.opened) void this.near.close(code, reason)
    else queueMicrotask(() => this.onclose?.({ code: 1006, reason: '', wasClean: false }))
  }
}

/** Puts a page's globals in place, on the clock of a test. */
/** `onReleased`: the session needs nothing of the page any more. */
export function fakePage(platform: TestPlatform, onReleased: () => void): void {
  FakeSocket.all = []
  vi.stubGlobal('WebSocket', FakeSocket)
  vi.stubGlobal('performance', { now: () => platform.now() })
  vi.stubGlobal('setTimeout', (callback: (...with_: unknown[]) => void, ms = 0, ...with_: unknown[]) => ({
    cancel: platform.setTimer(ms, () => callback(...with_), false),
  }))
  vi.stubGlobal('clearTimeout', (timer?: { cancel(): void }) => timer?.cancel())
  vi.stubGlobal('console', { ...console, error: (error: unknown) => platform.report(error) })
  vi.stubGlobal(
    'MessageChannel',
    class {
      port1 = { onmessage: () => {}, close: onReleased }
      port2 = { postMessage: () => platform.endOfTurn(() => this.port1.onmessage()) }
    },
  )
}
