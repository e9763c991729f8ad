import { type Frame, type FrameInPieces, type LinkId, wholeFrame } from '@lastword/protocol'
import type { Link, LinkEnd, LinkEvents } from '@lastword/transport'
import { requestNeverLeft } from './never-left.ts'

/** How a client's link is bound: what was polled for it before it was opened. */
export interface FirstFrame {
  frame: Frame | undefined
  /** True if the frame travels with the upgrade request; else it is sent as soon as the link is open. */
  early: boolean
}

/** Why this side ended a link, in the words of its close frame. */
export interface ClosedLink {
  code: number
  reason: string
}

/** Who runs a session on its links. */
export interface BoundLinkHost {
  linkOpened(bound: BoundLink): void
  frameCame(id: LinkId, frame: Frame, bytes: number): void
  /** Sends what waits: the link has room again. */
  flush(): void
  linkEnded(bound: BoundLink, end: LinkEnd): void
}

/** A link in the service of a session's driver. */
export class BoundLink implements LinkEvents {
  readonly id: LinkId
  readonly link: Link
  readonly first: FirstFrame | undefined
  opened = false
  /** What this side closes it with, from then on. */
  closed: ClosedLink | undefined
  ended: Promise<LinkEnd> | undefined
  readonly #host: BoundLinkHost
  /** Of those who wait for its end. */
  #waiting: Array<() => void> | undefined

  constructor(host: BoundLinkHost, id: LinkId, link: Link, first: FirstFrame | undefined) {
    this.#host = host
    this.id = id
    this.link = link
    this.first = first
  }

  get closing(): boolean {
    return this.closed !== undefined
  }

  /** For one that is not over: resolves when it is, whoever ended it, and the owner has been told. */
  get over(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting ??= []
      this.#waiting.push(resolve)
    })
  }

  onOpen(): void {
    this.#host.linkOpened(this)
  }

  onFrame(frame: Frame, bytes: number): void {
    this.#host.frameCame(this.id, frame, bytes)
  }

  onDrain(): void {
    this.#host.flush()
  }

  onEnd(end: LinkEnd): void {
    this.#host.linkEnded(this, end)
    for (const resolve of this.#waiting ?? []) resolve()
  }

  /** `last`: no other frame follows for now. */
  send(frame: Frame | FrameInPieces, last: boolean): void {
    const { link } = this
    if (typeof frame === 'string' || frame instanceof Uint8Array) link.send(frame, last)
    else if (link.sendPieces !== undefined) link.sendPieces(frame, last)
    else link.send(wholeFrame(frame), last)
  }

  /** True if nothing that was polled for the link, which has ended so, can have reached anybody. */
  neverLeft(end: LinkEnd): boolean {
    if (end.opened) return false
    return !this.first?.early || requestNeverLeft(end)
  }
}
