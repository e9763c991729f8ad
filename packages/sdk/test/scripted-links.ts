import { decodeEarly, decodeFrame, type Envelope } from '@lastword/protocol'
import type { Link, LinkEnd, LinkEvents, OpenLink, OpenLinkOptions } from '@lastword/transport'

/** A link that does what a test says; it remembers what the connector asked of it. */
export class ScriptedLink implements Link {
  readonly protocol = 'lastword.1'
  readonly bufferedBytes = 0
  readonly url: string
  readonly options: OpenLinkOptions
  readonly said: Envelope[] = []
  writable = true
  closedWith: number | undefined
  #events: LinkEvents | undefined
  #opened = false
  #resolveOver!: (end: LinkEnd) => void
  readonly #over = new Promise<LinkEnd>((resolve) => {
    this.#resolveOver = resolve
  })
  #ended = false

  constructor(url: string, options: OpenLinkOptions) {
    this.url = url
    this.options = options
    const early = decodeEarly(options.protocols)
    if (early !== undefined) this.#hear(early)
  }

  get early(): boolean {
    return this.options.protocols.length > 1
  }

  attach(events: LinkEvents): void {
    this.#events = events
  }

  send(frame: string | Uint8Array): void {
    this.#hear(frame)
  }

  pause(): void {}

  resume(): void {}

  close(code: number): Promise<LinkEnd> {
    this.closedWith ??= code
    // A peer that answers at once.
    queueMicrotask(() => this.end({ code, clean: true }))
    return this.#over
  }

  abort(): void {
    queueMicrotask(() => this.end({ forced: true }))
  }

  open(): void {
    this.#opened = true
    this.#events?.onOpen()
  }

  say(...envelopes: unknown[]): void {
    const frame = JSON.stringify(envelopes)
    this.#events?.onFrame(frame, frame.length)
  }

  /** Greets the session that said hello on this link. */
  welcome(changes: Record<string, unknown> = {}): void {
    if (!this.#opened) this.open()
    const hello = this.said[0] as { sid: string }
    this.say({
      t: 'welcome',
      sid: hello.sid,
      resumed: false,
      got: 0,
      window: { messages: 16, bytes: 1 << 20 },
      ttl: 60_000,
      keepalive: 15_000,
      maxBytes: 1 << 20,
      ...changes,
    })
  }

  end(changes: Partial<LinkEnd> = {}): void {
    if (this.#ended) return
    this.#ended = true
    const end: LinkEnd = {
      code: 1006,
      reason: '',
      clean: false,
      opened: this.#opened,
      ...(changes.clean ? {} : { failure: this.#opened ? 'lost' : 'unreachable' }),
      flushed: true,
      peerEnded: false,
      forced: false,
      bytesUnsent: 0,
      ...changes,
    }
    this.#events?.onEnd(end)
    this.#resolveOver(end)
  }

  #hear(frame: string | Uint8Array): void {
    const { envelopes } = decodeFrame(frame, frame.length, { frameBytesMax: Number.POSITIVE_INFINITY })
    this.said.push(...envelopes)
  }
}

/** Links that a connector asked for, in order. */
export function scriptedLinks(): { links: ScriptedLink[]; openLink: OpenLink } {
  const links: ScriptedLink[] = []
  return {
    links,
    openLink(url, options) {
      const link = new ScriptedLink(url, options)
      links.push(link)
      return link
    },
  }
}
