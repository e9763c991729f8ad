import type { Json, LinkId } from '@lastword/protocol'
import { type ClientEvents, type ClientMachine, utf8 } from '@lastword/protocol/client'
import type { SessionEvents, SessionState } from '@lastword/session'
import type { PageSocket } from '../link-as-socket.ts'
import type { Fallback } from '../polling.ts'
import { webSocketUrl } from './address.ts'
import { backoff } from './backoff.ts'
import { base64url } from './base64url.ts'
import type { PageConnectOptions } from './connect-options.ts'
import { HandshakeError, type LastwordError } from './errors.ts'
import { postOnce, watchPage } from './lifecycle.ts'

type Timer = ReturnType<typeof setTimeout>

/** One connection of a session. */
interface Link {
  socket?: PageSocket
  early?: boolean
  opened?: boolean
  /** Why this side has closed it. */
  closed?: string
  /** When to give up waiting: for the connection, later for its end. */
  timer: Timer
  end(event: Partial<CloseEvent>, cause?: unknown): void
}

/** What the connector needs of its session. */
export interface ConnectorHost {
  readonly sessionId: string
  readonly machine: ClientMachine<never>
  readonly options: PageConnectOptions
  now(): number
  /** Something has changed: it is looked at at the end of this turn. */
  changed(): void
  /** The same, at once. */
  turn(): void
  /** A deadline may have passed: it is looked at once what has arrived is read. */
  look(): void
  emit<E extends keyof SessionEvents>(event: E, value: SessionEvents[E]): unknown
  giveUp(reason: string, cause?: unknown): void
  onOpened(): void
}

/**
 * Keeps a session on a link, and its page's life in mind: opens the first link, and another one whenever the session wants
 * it. `on`: what the machine tells of links is taken here.
 */
export function connector(
  url: string,
  on: Partial<ClientEvents<never>>,
  { sessionId, machine, options, now, changed, turn, look, emit, giveUp, onOpened }: ConnectorHost,
) {
  const { auth: askAuth, connectTimeoutMs = 10_000, reconnect = backoff() } = options
  let place: SessionState = 'connecting'
  const links = new Map<LinkId, Link>()
  let fallback = options.fallback as Fallback | undefined
  let viaFallback = false
  let attempt = 0
  let downSince = now()
  /** From the decision to open a link until the session has it, or it failed. */
  let opening = false
  let timer: Timer | undefined
  let lastId = 0
  /** What does not like the long header of an early frame gets a plain one. */
  let mayBeEarly = options.early ?? true
  let lastError: LastwordError | undefined
  /** Links in a row on which nobody spoke lastword, as far as can be seen. */
  let silentLinks = 0
  let location: string | undefined
  /** The page is away, or there is no use in trying. */
  let parked = false
  let auth: Json | undefined

  const stopTrying = (reason: string, because: unknown) => {
    parked = true
    giveUp(reason, because)
  }

  /** `again`: it is still the same attempt. */
  const openLink = async (again?: boolean) => {
    clearTimeout(timer)
    timer = undefined
    if (parked || opening) return
    opening = true
    if (!again) emit('connecting', { attempt: ++attempt })
    const id = ++lastId
    let asked = false
    const link: Link = {
      timer: setTimeout(() => link.end({}), connectTimeoutMs),
      end({ code = 1006, reason = '', wasClean = false }, because) {
        if (!links.delete(id)) return
        clearTimeout(link.timer)
        // If that is not what has ended it.
        link.socket?.close()
        machine.linkEnd(id, code, reason, wasClean)
        changed()
        // Of a link that was attached the session has heard before.
        if (id !== lastId || !opening || parked) return
        opening = false
        if (link.early && !link.opened) {
          // Opening is idempotent.
          mayBeEarly = false
          return void openLink(true)
        }
        // A close of the server's own comes with other words.
        silentLinks = link.closed && (!reason || reason === link.closed) ? silentLinks + 1 : 0
        location = undefined
        viaFallback = !!fallback && !viaFallback
        lastError = new HandshakeError(
          link.opened
            ? 'no welcome: has the server the adapter?'
            : `no connection: ${(because as Error)?.message ?? 'look at the network panel'}`,
          { reason: link.opened ? 'no-welcome' : 'not-opened', sessionId, cause: because },
        )
        if (!machine.ended()) emit('disconnected', lastError)
      },
    }
    links.set(id, link)
    try {
      auth = await (typeof askAuth === 'function' ? askAuth() : askAuth)
      asked = true
      // The page may have gone meanwhile, or the time be over.
      if (links.has(id) && link.closed === undefined) connect(id, link, location ?? url)
    } catch (because) {
      link.early = false
      link.end({}, because)
      // The platform will not make one for this address the next time either, but there may be another way.
      if (asked && !viaFallback) stopTrying(lastError?.message as string, lastError)
    }
  }

  const connect = (id: LinkId, link: Link, address: string) => {
    const protocols = ['lastword.1']
    // The session may be over.
    if (!machine.startLink(id, auth)) return link.end({})
    // What is polled may have left: nothing is before the link is open, unless it goes early.
    // A page that came over https may be refused a socket without TLS, and then nothing has left either.
    const mixed = address[2] === ':' && globalThis.location?.protocol === 'https:'
    const first = mayBeEarly && !mixed && machine.pollFrame(id, earlyBytesMax)
    if (first) {
      const encoded = base64url(utf8(first as string))
      link.early = encoded.length <= earlyCharsMax
      if (link.early) protocols.push(`lastword.early.${encoded}`)
    }
    const socket = (
      viaFallback && fallback ? fallback.socket(address, protocols) : new WebSocket(address, protocols)
    ) as PageSocket
    link.socket = socket
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      // A plain server hears nothing of the session; not every browser sees to that.
      if (socket.protocol !== protocols[0]) return link.end({})
      clearTimeout(link.timer)
      link.opened = true
      if (first && !link.early) socket.send(first as string)
      machine.linkOpen(id, now())
      changed()
    }
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      const frame = typeof data === 'string' ? data : new Uint8Array(data)
      machine.frame(id, frame, frame.length, now())
      changed()
    }
    // What stands in for a WebSocket may know why there was no connection.
    socket.onclose = (event: CloseEvent & ErrorOptions) => link.end(event, event.cause)
    // What the page's own policy forbids ends with an error event alone.
    socket.onerror = () => link.end({})
  }

  const closeLink = (id: LinkId, code: number, reason: string, last?: unknown) => {
    const link = links.get(id)
    if (!link || link.closed !== undefined) return
    link.closed = reason
    if (last && link.opened) link.socket?.send(last as string)
    // Pages may send 1000 and 3000 to 4999; a reason has 123 bytes of UTF-8.
    link.socket?.close(code < 3000 ? 1000 : code, reason.slice(0, 41))
    link.timer = setTimeout(() => link.end({}), lingerMs)
  }

  /**
   * Opens a link, or plans to, if one is wanted; hands over what waits, as far as the sockets take it. Returns in how
   * many ms to look again at the latest.
   */
  const tick = () => {
    let lookMs = 1e9
    if (!opening && !timer && !parked && machine.wantsLink()) plan()
    for (const [id, { socket, opened, closed }] of links) {
      if (!socket || !opened || closed !== undefined) continue
      while (socket.bufferedAmount < lowWaterBytes) {
        const frame = machine.pollFrame(id)
        if (!frame) break
        socket.send(frame as string)
      }
      if (socket.bufferedAmount >= lowWaterBytes) lookMs = drainMs
    }
    return lookMs
  }

  const offline = () => globalThis.navigator?.onLine === false

  const plan = () => {
    if (!lastId) return void openLink()
    // `online` goes on.
    if (offline()) return
    try {
      const delayMs = reconnect.nextDelayMs({
        attempt: attempt + 1,
        downMs: now() - downSince,
        error: lastError,
        welcomed: machine.welcomed(),
        silentLinks,
        untried: !!fallback && !viaFallback,
      })
      if (delayMs !== null && delayMs >= 0) timer = setTimeout(openLink, Math.min(delayMs, 1e9))
      else stopTrying(lastError?.message ?? 'the reconnect policy gave up', lastError)
    } catch (because) {
      stopTrying('the reconnect policy failed', because)
    }
  }

  const unwatch = watchPage(
    (gone) => {
      if (parked) return
      // What the application has done just now goes along.
      turn()
      const frames = machine.lastWords(lastWordsBytes, auth, gone)
      if (frames[0]) postOnce(location ?? url, frames)
      // Last, so that a run of this that was cut off is made up for by the next.
      parked = true
      opening = false
      // Never with 1000, which says that the session is over.
      for (const id of links.keys()) closeLink(id, 4409, '')
    },
    (isBack) => {
      if (isBack) parked = false
      look()
      if (machine.attached()) machine.probe(now())
      else if (machine.wantsLink() && !offline()) {
        attempt = 0
        void openLink()
      }
      changed()
    },
  )

  Object.assign(on, {
    attached() {
      if (!viaFallback) fallback = undefined
      opening = false
      attempt = silentLinks = 0
      lastError = undefined
      onOpened()
      if (place === 'connecting') emit('open', undefined)
      if (place === 'recovering') emit('recovered', { downMs: now() - downSince })
      place = 'open'
    },
    detached(_, code, reason) {
      if (place === 'recovering') return
      downSince = now()
      place = 'recovering'
      emit('recovering', { code, reason })
    },
    away({ after: afterMs, reason, location: to }) {
      emit('away', { afterMs, reason, location: to })
      location = to && webSocketUrl(to, url)
      // Not all clients of a server at once.
      timer ??= setTimeout(openLink, Math.random() * Math.min(afterMs / 4, 1_000))
    },
    released() {
      parked = true
      clearTimeout(timer)
      unwatch()
    },
    closeLink,
  } satisfies Partial<ClientEvents<never>>)

  return {
    tick,
    /** True once there is none, not even one that is ending. */
    noLinks: () => !links.size,
    place: () => place,
    /** Why the last link brought no session. */
    lastError: () => lastError,
  }
}

/** How long a link may take to end that this side has closed. */
export const lingerMs = 5_000

/** A socket that holds more is given nothing; the platform has no event for it. */
const lowWaterBytes = 2 ** 17
const drainMs = 8

/** What leaves on a one-shot link: browsers take 64 KiB in all that outlives a page. */
const lastWordsBytes = 60_000

/** The early frame's longest base64url form, and what fits into it. */
const earlyCharsMax = 6 * 1024
const earlyBytesMax = 4608
