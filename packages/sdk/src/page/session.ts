import type { CloseReport, Contract, NoteEnvelope } from '@lastword/protocol'
import { type ClientEvents, clientMachine } from '@lastword/protocol/client'
import type { CloseOptions, SessionState } from '@lastword/session'
import type { PageConnectOptions, PageSession } from './connect-options.ts'
import { base64url, connector } from './connector.ts'
import { type Core, now } from './core.ts'
import { envelopeText } from './encode.ts'
import { LastwordError, ProtocolError, SessionClosedError } from './errors.ts'
import { attach, type Handler, incoming } from './incoming.ts'
import { outgoing, type Tag } from './outgoing.ts'
import { isPromise, valid } from './payload.ts'

type Listener = (value: never) => unknown

/** Opens a session with the server at this address. */
export function openSession<C>(address: string, options: PageConnectOptions<C>): PageSession<C> {
  const { maxBytes = 2 ** 20, welcomeTimeoutMs = 10_000, halfOpen, signal, agent } = options
  const contract = options.contract as Contract | undefined
  const sid = randomText(15)
  /** What the machine tells: its parts are there below. */
  const on = {} as ClientEvents<Tag>
  const machine = clientMachine<Tag>(
    {
      sid,
      key: randomText(24),
      window: { messages: 1024, bytes: Math.max(2 ** 22, maxBytes), ...options.window },
      maxBytes,
      welcomeTimeoutMs,
      agent,
    },
    on,
  )
  const listeners: Record<string, Set<Listener>> = {}
  const noteHandlers = new Map<string, Handler>()
  /** A task of its own, which hidden pages do not throttle as they do timers. */
  const { port1, port2 } = new MessageChannel()
  const [opened, resolveOpened, rejectOpened] = deferred<void>()
  const [closed, resolveClosed] = deferred<CloseReport>()
  // Whoever does not wait for it hears of the same by `closed` and by every message's fate.
  opened.catch(() => {})
  let turnAsked = false
  let place: SessionState = 'connecting'
  let downSince = 0
  let report: CloseReport | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let closeOptions: CloseOptions = {}

  const core: Core = {
    sid,
    options,
    contract,
    machine,
    closing: false,
    finAsked: false,
    peerFin: false,
    cause: undefined,
    changed() {
      if (!turnAsked) port2.postMessage(0)
      turnAsked = true
    },
    giveUp(reason, cause, code = 'aborted') {
      if (machine.ended()) return
      core.cause = cause
      machine.abort(code, reason)
      changed()
    },
    emit(event, value) {
      const heard = [...(listeners[event] ?? [])]
      // One that throws, or whose promise rejects, does not keep the others from being called.
      for (const listener of heard) void (async () => listener(value as never))().catch(console.error)
      return heard.length > 0
    },
    tellError(error) {
      if (!emit('error', error as LastwordError)) console.error(error)
    },
  }
  const { changed, emit, giveUp, tellError } = core

  /** A timer that is late must not judge a link by what still lies unread: another task runs behind what has arrived. */
  const look = () =>
    setTimeout(() => {
      machine.timeout(now())
      changed()
    })

  const out = outgoing(core, randomText(9))
  const inbound = incoming(core, out)
  const links = connector(core, address, look)

  /** At the end of a turn of the event loop: everything that came of it is carried out. */
  port1.onmessage = () => {
    turnAsked = false
    machine.carryOut()
    inbound.pump()
    out.letIn()
    if (!machine.ended()) progress()
    links.tick()
    clearTimeout(timer)
    if (report && !links.hasLinks()) {
      resolveClosed(report)
      if (!machine.wantsLink()) return port1.close()
    }
    timer = setTimeout(look, Math.min(machine.nextTimeout() - now(), 1e9))
  }

  /** Is it time to close, to say `fin`, or to give up waiting for a handler? */
  const progress = () => {
    const openCount = inbound.openCount()
    const onlyKept = openCount > 0 && inbound.keptCount() === openCount
    // An application that has attached no handler at all may still be about to.
    if (core.peerFin && !halfOpen && (!openCount || (inbound.listens() && onlyKept))) beginClose({})
    if (!core.closing) return
    if (!core.finAsked && out.allSubmitted() && !inbound.owes()) {
      core.finAsked = true
      machine.fin(closeOptions.code, closeOptions.reason, now())
      changed()
    } else if (core.finAsked && core.peerFin && onlyKept) {
      giveUp(`${openCount} messages had come for which there is no handler`, undefined, 'unhandled')
    }
  }

  const beginClose = (how: CloseOptions) => {
    if (core.closing || machine.ended()) return
    core.closing = true
    closeOptions = how
    machine.close(how.timeoutMs ?? 60_000, now())
    inbound.owe()
    changed()
  }

  const onEnded = (ended: CloseReport) => {
    const { code, reason } = ended
    const why = `the session ended (${code}${reason && `: ${reason}`})`
    const cause = core.cause ?? links.lastError()
    ended.notSent.push(...out.end(why))
    inbound.stopAll()
    rejectOpened(
      cause instanceof LastwordError ? cause : new SessionClosedError(why, { sessionId: sid, cause }),
    )
    if (code === 'session-unknown' || code === 'expired') emit('lost', ended)
    emit('closed', ended)
    // The links end first, so that a page that goes elsewhere after closing takes nothing away.
    report = ended
    setTimeout(resolveClosed, lingerMs, ended)
  }

  const onNote = async ({ ch = '', d }: NoteEnvelope, payload: Uint8Array | undefined) => {
    try {
      if (!noteHandlers.has(ch)) return
      const value = await valid(contract?.[ch]?.payload, payload ?? d, ch, sid)
      await noteHandlers.get(ch)?.(value, undefined as never)
    } catch (cause) {
      tellError(
        new LastwordError('handler-failed', `the handler of note "${ch}" failed`, { cause, sessionId: sid }),
      )
    }
  }

  Object.assign(on, {
    message(envelope, payload) {
      if (envelope.re) out.onReply(envelope, payload)
      // What came with what ended the session was not handled, as its report says.
      else if (!machine.ended()) inbound.receive(envelope, payload)
    },
    handled: ({ tag }) => tag(),
    failed: out.onFailed,
    note: onNote,
    cancel: inbound.cancel,
    attached() {
      links.onAttached()
      resolveOpened()
      if (place === 'connecting') emit('open', undefined)
      if (place === 'recovering') emit('recovered', { downMs: now() - downSince })
      place = 'open'
    },
    detached(_, code, reason) {
      links.onDetached()
      if (place === 'recovering') return
      downSince = now()
      place = 'recovering'
      emit('recovering', { code, reason })
    },
    peerFin({ code, reason }) {
      core.peerFin = true
      out.abandonRequests()
      emit('closing', { code, reason })
    },
    away({ after: afterMs, reason, location }) {
      emit('away', { afterMs, reason, location })
      links.onAway(afterMs, location)
    },
    closeLink: links.close,
    fault: (by, wireCode, message) =>
      emit('disconnected', new ProtocolError(message, { wireCode, by, sessionId: sid })),
    ended: onEnded,
    released: links.release,
  } satisfies ClientEvents<Tag>)

  const watch = (watched: AbortSignal | undefined, reason: string) => {
    const abort = () => giveUp(reason, watched?.reason)
    if (watched?.aborted) abort()
    watched?.addEventListener('abort', abort)
    void closed.then(() => watched?.removeEventListener('abort', abort))
  }

  const session = {
    id: sid,
    get state() {
      return machine.ended() ? 'closed' : core.closing || core.peerFin ? 'closing' : place
    },
    opened,
    closed,
    get ready() {
      return out.room()
    },
    send: out.send(false),
    request: out.send(true),
    handle: inbound.onMessages,
    note(name: string, payload: unknown) {
      const submit = (value: unknown) => {
        const text = envelopeText({ t: 'note', ch: name }, value)
        changed()
        return !core.closing && machine.note(text)
      }
      const value = valid(contract?.[name]?.payload, payload, name, sid)
      if (!isPromise(value)) return submit(value)
      value.then(submit).catch(tellError)
      return machine.attached()
    },
    onNote: (name: string, handler: Handler) => attach(noteHandlers, name, handler, changed),
    on(event: string, listener: Listener) {
      listeners[event] ??= new Set()
      listeners[event].add(listener)
      return () => session.off(event, listener)
    },
    off(event: string, listener: Listener) {
      listeners[event]?.delete(listener)
    },
    close(how: CloseOptions = {}) {
      beginClose(how)
      watch(how.signal, 'the caller stopped waiting for the close')
      return closed
    },
    abort: (reason = '') => giveUp(reason),
    [Symbol.asyncIterator]: inbound.iterate,
    [Symbol.asyncDispose]: async () => void (await session.close()),
  }

  watch(signal, 'the session was aborted by its signal')
  changed()
  return session as unknown as PageSession<C>
}

/** A promise with its ends outside. */
function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: unknown) => void
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return [promise, resolve, reject] as const
}

/** Text of 4 characters for every 3 random bytes. */
const randomText = (bytes: number): string => base64url(crypto.getRandomValues(new Uint8Array(bytes)))

/** How long the end of the last link is waited for. */
const lingerMs = 5_000
