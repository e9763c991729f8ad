import { afterReading } from '@lastword/transport'
import type { Alarms } from './alarms.ts'
import { nodeLike } from './node-like.ts'

/**
 * What a session needs of the machine that it runs on, besides links. Given in, so that tests can stand in for it
 * and nothing below reaches for a global.
 */
export interface Platform {
  /** A clock in milliseconds that never goes back. */
  now(): number
  /**
   * Calls back after `ms`, and not before what has arrived meanwhile was read: a timer that is late because the
   * event loop was blocked, or the tab was frozen, must not judge a link by what still lies unread.
   * `keepAlive` false: a process may exit although it is armed. Returns what cancels it.
   */
  setTimer(ms: number, callback: () => void, keepAlive: boolean): () => void
  /** Calls back at the end of this turn of the event loop: once what else is ready to run has run. */
  endOfTurn(callback: () => void): void
  /**
   * Calls back sooner than that, where it can: once what the event loop calls now, and every promise that is settled by it,
   * has run, and before it calls anything else.
   */
  endOfCallback?(callback: () => void): void
  /** Reports an error that nobody listens for. */
  report(error: unknown): void
  /** Reports a warning that nobody listens for. */
  warn(error: unknown): void
  /** Where there are many sessions: what wakes those that keep no process alive. Each has a timer of its own else. */
  readonly alarms?: Alarms
}

/** The platform of browsers, Node, Bun and Deno. */
export const platform: Platform = {
  now: () => performance.now(),

  setTimer(ms, callback, keepAlive) {
    let cancelled = false
    const timer = setTimeout(() => afterReading(() => cancelled || callback()), Math.min(ms, timerMsMax))
    if (!keepAlive) (timer as { unref?: () => void }).unref?.()
    return () => {
      cancelled = true
      clearTimeout(timer)
    }
  },

  endOfTurn,
  ...(nodeLike && { endOfCallback }),

  report: (error) => console.error(error),
  warn: (error) => console.warn(error),
}

/** Node, Bun and Deno have them; browsers do not. */
declare const setImmediate: ((callback: () => void) => unknown) | undefined
declare const process: { nextTick?: (callback: () => void) => void } | undefined

/** Longer timers fire at once in every JavaScript engine. */
const timerMsMax = 2 ** 31 - 1

function endOfTurn(callback: () => void): void {
  if (typeof setImmediate === 'function') setImmediate(callback)
  else postTask(callback)
}

/** A tick that is asked for while promises are told of their values comes when all of them, and what follows from them, are through. */
function endOfCallback(callback: () => void): void {
  // For `queueMicrotask` Node makes a resource of each callback, and binds a function to it.
  void resolved.then(() => process?.nextTick?.(callback))
}

const resolved = Promise.resolve()

let channel: MessageChannel | undefined
const tasks: Array<() => void> = []

/** A task of its own that background tabs do not throttle, as they do timers. */
function postTask(callback: () => void): void {
  if (channel === undefined) {
    channel = new MessageChannel()
    channel.port1.onmessage = () => tasks.shift()?.()
  }
  tasks.push(callback)
  channel.port2.postMessage(null)
}
