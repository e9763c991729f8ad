import { AttachedLink } from './attached-link.ts'
import { closeCodes } from './codes.ts'
import { inMs, never } from './deadlines.ts'
import type { Frame, HelloEnvelope, Json, WelcomeEnvelope, Window } from './envelope.ts'
import { encodeHello, encodeWelcome } from './greeting.ts'
import { defaults } from './limits.ts'
import type { LinkId } from './session-io.ts'
import { initialWindow, type SessionParts } from './session-parts.ts'
import { utf8Length } from './utf8.ts'

/** Which link carries the session, and how one takes the place of another. */
export class SessionLinks<Tag> {
  readonly #parts: SessionParts<Tag>
  /** The link of the session, attached or on its way to it. */
  current: AttachedLink | undefined
  /** Client: a link that waits for its `welcome` while the current one is attached still. */
  next: AttachedLink | undefined
  /** The `hello` of `next`, until it is polled. */
  #nextHello: string | undefined
  /** The number of the latest link, as `hello` counts them. */
  count = 0
  /** The highest number of a link that the journal is known to hold. */
  #held = 0

  constructor(parts: SessionParts<Tag>) {
    this.#parts = parts
  }

  get attached(): boolean {
    return this.current?.attached === true
  }

  /** False while the journal does not hold the number of the current link: nothing may leave on it. */
  get mayLeave(): boolean {
    return !this.#parts.clock.on || this.count <= this.#held
  }

  /** The number that the journal is to hold. A client takes some in advance, so that a new link waits for no write. */
  numberToHold(): number {
    return this.count + (this.#parts.config.role === 'client' ? linksInAdvance : 0)
  }

  /** The journal holds this number. */
  hold(number: number): void {
    this.#held = number
  }

  /**
   * Client: the journal is gone, and may still hold a state of this session that will soon be long past. Whoever takes
   * that up must not be let in: the session goes on on a link whose number is beyond all that it would count to.
   */
  leaveBehind(now: number): void {
    this.closeNext()
    this.count += linksAhead
    const link = this.current
    if (link === undefined) return
    this.close(link, superseded.code, 'the journal is gone')
    this.lose(link, superseded.code, 'the journal is gone', now)
  }

  /** The current link or the next one, if it has this id. */
  withId(id: LinkId): AttachedLink | undefined {
    if (this.current?.id === id) return this.current
    return this.next?.id === id ? this.next : undefined
  }

  /**
   * Client: a link begins, with a `hello` on it. While the current one is attached it is the next one: the session stays
   * where it is until `welcome` has come.
   */
  start(id: LinkId, auth: Json | undefined): void {
    const { config, welcomed, inbox, clock } = this.#parts
    this.#supersede(this.next)
    if (!this.attached) this.#supersede(this.current)
    const number = ++this.count
    if (number + linksInAdvance / 2 > this.#held) clock.touch()
    const link = new AttachedLink(id, number, false, !welcomed)
    this.#nextHello = encodeHello(config, number, !welcomed, inbox.got, auth)
    if (this.current === undefined) this.#take(link)
    else this.next = link
  }

  /** Client: the first frame of the next link, once. */
  takeNextHello(): Frame | undefined {
    const hello = this.#nextHello
    this.#nextHello = undefined
    if (hello === undefined) return undefined
    this.#parts.counters.frameMade(utf8Length(hello) + 2)
    return `[${hello}]`
  }

  /** Client: `welcome` has come on this link, which is the session's from now on. */
  promote(link: AttachedLink): void {
    if (this.next === link) this.#supersede(this.current)
  }

  /** True if a link that ends as superseded gave way to another one of this client, whatever became of that. */
  gaveWay(link: AttachedLink): boolean {
    return link.number < this.count
  }

  /** Server: a link has said `hello`. Returns it, unless a later one has said so before. */
  accept(id: LinkId, hello: HelloEnvelope): AttachedLink | undefined {
    if (hello.link <= this.count) {
      this.#parts.emit({ type: 'link-close', link: id, ...superseded, last: undefined, peerDone: false })
      return undefined
    }
    this.#supersede(this.current)
    this.count = hello.link
    const write = this.#parts.clock.touch()
    this.#parts.welcomed = true
    this.#parts.goneWrite = hello.gone ? write : undefined
    const { deadlines, outbox } = this.#parts
    deadlines.expiry = never
    outbox.window = sameWindow(hello.window, initialWindow) ? initialWindow : hello.window
    outbox.maxBytes = hello.maxBytes ?? defaults.maxBytes
    const link = new AttachedLink(id, hello.link, true, true)
    this.#take(link)
    return link
  }

  /** Server: answers the `hello` of the link that was accepted. */
  welcome(resumed: boolean, now: number): void {
    const { config, filler, inbox, deadlines, keepaliveMs } = this.#parts
    filler.addControl(encodeWelcome(config, resumed, inbox.got))
    deadlines.ping = inMs(keepaliveMs, now)
  }

  /** Client: the server has answered. */
  onWelcome(welcome: WelcomeEnvelope, link: AttachedLink, now: number): void {
    const parts = this.#parts
    link.attached = true
    link.streaming = true
    if (!parts.welcomed) parts.clock.touch()
    parts.welcomed = true
    parts.ttlMs = welcome.ttl
    parts.keepaliveMs = welcome.keepalive
    parts.outbox.window = welcome.window
    parts.outbox.maxBytes = welcome.maxBytes
    parts.deadlines.welcome = never
    parts.deadlines.ping = inMs(parts.keepaliveMs, now)
  }

  /** The driver ends this link; whatever it still reports is not heard. */
  close(link: AttachedLink, code: number, reason: string, last?: Frame, peerDone = false): void {
    this.#parts.emit({ type: 'link-close', link: link.id, code, reason, last, peerDone })
    this.detach(link)
  }

  /** The link is over, and the session goes on without it for now. */
  lose(link: AttachedLink, code: number, reason: string, now: number): void {
    const { config, deadlines, ttlMs } = this.#parts
    this.detach(link)
    if (this.#parts.ended) return
    if (config.role === 'server') deadlines.expiry = now + ttlMs
    if (link.attached) this.#parts.emit({ type: 'detached', link: link.id, code, reason })
  }

  /** The session goes on without this link: on the next one, if there is one. */
  detach(link: AttachedLink): void {
    const { deadlines, filler } = this.#parts
    if (this.next === link) {
      this.next = undefined
      this.#nextHello = undefined
      deadlines.welcome = never
    } else if (this.current === link) {
      this.current = undefined
      const { welcome } = deadlines
      deadlines.disarmLink()
      filler.startLink()
      if (this.next === undefined) return
      deadlines.welcome = welcome
      this.#take(this.next)
    }
  }

  /** Client: the session needs no other link. */
  closeNext(): void {
    this.#supersede(this.next)
  }

  /** Neither link is of any use any more. */
  closeAll(): void {
    this.closeNext()
    this.#supersede(this.current)
  }

  #take(link: AttachedLink): void {
    this.current = link
    this.next = undefined
    const { inbox, outbox, filler } = this.#parts
    inbox.startLink()
    outbox.rewind()
    filler.startLink()
    if (this.#nextHello !== undefined) filler.addControl(this.#nextHello)
    this.#nextHello = undefined
  }

  #supersede(link: AttachedLink | undefined): void {
    if (link !== undefined) this.close(link, superseded.code, superseded.reason)
  }
}

/** Most clients take what is usual, and share one object that says so. */
function sameWindow(a: Window, b: Window): boolean {
  return a.messages === b.messages && a.bytes === b.bytes
}

const superseded = { code: closeCodes.superseded, reason: 'another link took over' }

/** How many links a client may open before the journal must hold a new number. */
const linksInAdvance = 32

/** More links than any session counts, and few enough to be counted exactly. */
const linksAhead = 2 ** 40
