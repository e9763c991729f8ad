import type { Journal, SessionJournal } from '../src/index.ts'

/** A journal in front of another one, which a test can hold up, break, or crash. */
export interface BrittleJournal {
  journal: Journal
  /** Writes wait until it is false again. */
  hold(holding: boolean): void
  /** Writes that wait. */
  readonly held: number
  /** From now on everything fails with this, or works again. */
  fail(error: Error | undefined): void
  /** From now on writes fail with this, and nothing else. */
  failWrites(error: Error): void
  /** Nothing is removed any more, as if the process had gone before it could. */
  forgetNothing(): void
  /**
   * The process is gone: nothing that it asks of the journal is done or answered, and nobody hears that a session
   * is wanted.
   */
  crash(): void
}

export function brittleJournal(below: Journal): BrittleJournal {
  let waiting: Array<() => void> = []
  let holding = false
  let failure: Error | undefined
  let writeFailure: Error | undefined
  let forgetful = false
  let crashed = false

  const ready = async () => {
    if (crashed) await new Promise(() => {})
    if (failure !== undefined) throw failure
  }
  const brittle = (session: SessionJournal): SessionJournal => ({
    async write(write) {
      if (holding) await new Promise<void>((resolve) => waiting.push(resolve))
      await ready()
      if (writeFailure !== undefined) throw writeFailure
      await session.write(write)
    },
    async remove() {
      await ready()
      if (forgetful) await session.release()
      else await session.remove()
    },
    async release() {
      await ready()
      await session.release()
    },
    onWanted(callback) {
      session.onWanted(() => {
        if (!crashed) callback()
      })
    },
  })
  return {
    journal: {
      create: async (record) => {
        await ready()
        return brittle(await below.create(record))
      },
      find: async (sid) => {
        await ready()
        return below.find(sid)
      },
      claim: async (sid, options) => {
        await ready()
        const claimed = await below.claim(sid, options)
        return claimed && { ...claimed, journal: brittle(claimed.journal) }
      },
      list: async () => {
        await ready()
        return below.list()
      },
      prune: async (idleMs) => below.prune(idleMs),
      close: () => below.close(),
    },
    hold(on) {
      holding = on
      if (on) return
      for (const resolve of waiting) resolve()
      waiting = []
    },
    get held() {
      return waiting.length
    },
    fail(error) {
      failure = error
    },
    failWrites(error) {
      writeFailure = error
    },
    forgetNothing() {
      forgetful = true
    },
    crash() {
      crashed = true
    },
  }
}
