import type { Json, LinkId } from '@lastword/protocol'
import { utf8 } from '@lastword/protocol/client'
import type { PageSocket } from '../link-as-socket.ts'
import { webSocketUrl } from './address.ts'
import { backoff } from './backoff.ts'
import { type Core, now } from './core.ts'
import { HandshakeError, type LastwordError } from './errors.ts'
import { postOnce, watchPage } from './lifecycle.ts'

type Timer = ReturnType<typeof setTimeout>

/** One connection of a session. */
interface Link {
  readonly socket: PageSocket
  opened?: boolean
  /** Why this side has closed it. */
  closed?: string
  /** When to give up waiting: for the connection, later for its end. */
  timer: Timer
  end(event: Partial<CloseEvent>): void
}

/** Keeps a session on a link: opens the first one, and another one whenever the session wants it. */
export function connector(core: Core, url: string, look: () => void) {
  const { sid: sessionId, machine, options, emit, changed } = core
  const {
    auth: askAuth,
    connectTimeoutMs = 10_000,
    reconnect = backoff(),
    early: mayBeEarly = true,
  } = options
  const links = new Map<LinkId, Link>()
  let { fallback } = options
  let viaFallback = false
  let attempt = 0
  let downSince = now()
  /** From the decision to open a link until the session has it, or it failed. */
  let opening = false
  let timer: Timer | undefined
  let drainTimer: Timer | undefined
  let lastId = 0
  /** What does not like the long header of an early frame gets a plain one. */
  let early = mayBeEarly
  let lastError: LastwordError | undefined
  /** Links in a row on which nobody spoke lastword, as far as can be seen. */
  let silentLinks = 0
  let location: string | undefined
  /** The page is away, or there is no use in trying. */
  let parked = false
  let auth: Json | undefined

  const mayOpen = () => !parked && machine.wantsLink()

  const failed = (message: string, reason: HandshakeError['reason'], cause?: unknown) => {
    opening = false
    lastError = new HandshakeError(message, { reason, sessionId, cause })
    if (!machine.ended()) emit('disconnected', lastError)
    changed()
  }

  const giveUp = (reason: string, cause: unknown) => {
    parked = true
    core.giveUp(reason, cause)
  }

  /** `again`: it is still the same attempt. */
  const open = async (again?: boolean) => {
    clearTimeout(timer)
    timer = undefined
    if (parked || opening) return
    opening = true
    if (!again) attempt++
    if (!again && !machine.ended()) emit('connecting', { attempt })
    try {
      auth = await (typeof askAuth === 'function'
        ? Promise.race([
            askAuth(),
            new Promise<never>((_, reject) => setTimeout(reject, connectTimeoutMs, new Error('too late'))),
          ])
        : askAuth)
    } catch (cause) {
      return failed('no connection was made: auth failed, or took too long', 'not-opened', cause)
    }
    // The page may have gone meanwhile.
    if (!opening || parked) return
    const id = ++lastId
    try {
      connect(id, location ?? url)
    } catch (cause) {
      // The platform will not make one for this address the next time either.
      machine.linkEnd(id, 1006, '', false)
      failed(`no connection can be made: ${(cause as Error).message}`, 'not-opened', cause)
      giveUp('no connection can be made', lastError)
    }
  }

  const connect = (id: LinkId, address: string) => {
    const protocols = ['lastword.1']
    let isEarly = early
    machine.startLink(id, auth)
    const first = machine.pollFrame(id, isEarly ? earlyBytesMax : undefined)
    // The session may be over.
    if (!first) return
    if (isEarly) {
      const encoded = base64url(utf8(first as string))
      isEarly = encoded.length <= earlyCharsMax
      if (isEarly) protocols.push(`lastword.early.${encoded}`)
    }
    const socket = (
      viaFallback && fallback ? fallback.socket(address, protocols) : new WebSocket(address, protocols)
    ) as PageSocket
    const link: Link = {
      socket,
      timer: setTimeout(() => {
        socket.close()
        link.end({})
      }, connectTimeoutMs),
      end({ code = 1006, reason = '', wasClean = false }) {
        if (!links.delete(id)) return
        const { opened, closed } = link
        clearTimeout(link.timer)
        machine.linkEnd(id, code, reason, wasClean)
        changed()
        // Of a link that was attached the session has heard before.
        if (id !== lastId || !opening || parked) return
        if (isEarly && !opened) {
          // Opening is idempotent.
          early = opening = false
          return void open(true)
        }
        // A close of the server's own comes with other words.
        silentLinks = closed && (!reason || reason === closed) ? silentLinks + 1 : 0
        location = undefined
        viaFallback = !!fallback && !viaFallback
        failed(
          opened
            ? 'the server does not welcome the session: has it the adapter?'
            : 'no connection: look at the network panel',
          opened ? 'no-welcome' : 'not-opened',
        )
      },
    }
    links.set(id, link)
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      clearTimeout(link.timer)
      link.opened = true
      if (!isEarly) socket.send(first as string)
      machine.linkOpen(id, now())
      changed()
    }
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      const frame = typeof data === 'string' ? data : new Uint8Array(data)
      machine.frame(id, frame, frame.length, now())
      changed()
    }
    socket.onclose = link.end
    // What the page's own policy forbids ends with an error event alone.
    socket.onerror = () => link.end({})
  }

  const close = (id: LinkId, code: number, reason: string, last?: unknown) => {
    const link = links.get(id)
    if (!link || link.closed !== undefined) return
    link.closed = reason
    if (last && link.opened) link.socket.send(last as string)
    // Pages may send 1000 and 3000 to 4999; a reason has 123 bytes of UTF-8.
    link.socket.close(code < 3000 ? 1000 : code, reason.slice(0, 41))
    link.timer = setTimeout(() => link.end({}), lingerMs)
  }

  const comeBack = () => {
    attempt = 0
    parked = false
    if (machine.wantsLink()) void open()
  }

  const unwatch = watchPage({
    leave(gone) {
      if (parked) return
      const frames = machine.lastWords(lastWordsBytes, auth, gone)
      if (frames[0]) postOnce(url, frames)
      // Last, so that a run of this that was cut off is made up for by the next.
      parked = true
      opening = false
      for (const id of links.keys()) close(id, 1000, '')
    },
    comeBack() {
      if (parked) comeBack()
    },
    online() {
      if (machine.attached()) machine.probe(now())
      else if (!parked) comeBack()
      changed()
    },
    look,
  })

  return {
    close,
    /** True while there is a link, be it one that is ending. */
    hasLinks: () => links.size > 0,
    lastError: () => lastError,

    /** Opens a link, or plans to, if one is wanted; hands over what waits, as far as the sockets take it. */
    tick() {
      if (!opening && !timer && mayOpen()) plan()
      for (const [id, { socket, opened, closed }] of links) {
        if (!opened || closed !== undefined) continue
        while (socket.bufferedAmount < lowWaterBytes) {
          const frame = machine.pollFrame(id)
          if (!frame) break
          socket.send(frame as string)
        }
        clearTimeout(drainTimer)
        if (socket.bufferedAmount >= lowWaterBytes) drainTimer = setTimeout(changed, drainMs)
      }
    },
    onAttached() {
      if (!viaFallback) fallback = undefined
      opening = false
      attempt = silentLinks = 0
      lastError = undefined
    },
    onDetached() {
      downSince = now()
    },
    onAway(afterMs: number, to: string | undefined) {
      location = to && webSocketUrl(to, url)
      // Not all clients of a server at once.
      timer ??= setTimeout(open, Math.random() * Math.min(afterMs / 4, 1_000))
    },
    /** Nothing of the session is needed any more. */
    release() {
      parked = true
      clearTimeout(timer)
      unwatch()
    },
  }

  function plan() {
    if (!attempt && !lastId) return void open()
    // `online` goes on.
    if (globalThis.navigator?.onLine === false) return
    let delayMs: number | null
    try {
      delayMs = reconnect.nextDelayMs({
        attempt: attempt + 1,
        downMs: now() - downSince,
        error: lastError,
        welcomed: machine.welcomed(),
        silentLinks,
        untried: !!fallback && !viaFallback,
      })
    } catch (cause) {
      return giveUp('the reconnect policy failed', cause)
    }
    if (delayMs !== null && delayMs >= 0) timer = setTimeout(open, Math.min(delayMs, 1e9))
    else giveUp(lastError?.message ?? 'the reconnect policy gave up', lastError)
  }
}

/** base64url without padding, as ids, keys and the early frame have it. */
export const base64url = (bytes: Uint8Array): string =>
  btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '')

/** How long a link may take to end that this side has closed. */
const lingerMs = 5_000

/** A socket that holds more is given nothing; the platform has no event for it. */
const lowWaterBytes = 2 ** 17
const drainMs = 8

/** What leaves on a one-shot link: browsers take 64 KiB in all that outlives a page. */
const lastWordsBytes = 60_000

/** The early frame's longest base64url form, and what fits into it. */
const earlyCharsMax = 6 * 1024
const earlyBytesMax = 4608
