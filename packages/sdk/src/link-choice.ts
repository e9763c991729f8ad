import type { LinkEnd, OpenLink } from '@lastword/transport'

/**
 * Which way the next link of a session is made: by the first one, or by the fallback, where that gets through and the
 * first one does not. The way that has brought the session is kept.
 */
export class LinkChoice {
  readonly #first: OpenLink
  readonly #fallback: OpenLink | undefined
  #current: OpenLink
  #decided = false
  /** Attempts in a row that brought nothing. */
  #failures = 0
  #refused = false

  constructor(first: OpenLink, fallback: OpenLink | undefined) {
    this.#first = first
    this.#fallback = fallback
    this.#current = first
  }

  /** How the next link is made. */
  get openLink(): OpenLink {
    return this.#current
  }

  /** True if there is a way that has not been tried yet, and may be. */
  get untried(): boolean {
    return this.#mayChange && !this.#refused && this.#failures <= failuresMax
  }

  /** The session has come: it stays with this way. */
  onAttached(): void {
    this.#decided = true
  }

  /** A link has ended that never brought the session. True if the next one is made in another way than this one was. */
  onFailed(end: LinkEnd): boolean {
    if (!this.#mayChange) return false
    this.#refused = isRefusal(end)
    if (this.#refused) return false
    if (++this.#failures < failuresMax) return false
    this.#current = this.#current === this.#first ? (this.#fallback as OpenLink) : this.#first
    return true
  }

  get #mayChange(): boolean {
    return this.#fallback !== undefined && !this.#decided
  }
}

/** After how many attempts in a row the fallback is tried. */
const failuresMax = 2

/**
 * True if the server itself has said no, and would say it again however it is asked. Other statuses are what servers
 * answer when something on the way has made a plain request of the upgrade.
 */
function isRefusal({ failure, httpStatus }: LinkEnd): boolean {
  if (failure === 'certificate' || failure === 'subprotocol-refused') return true
  return failure === 'upgrade-refused' && (httpStatus === 401 || httpStatus === 403)
}
