import { connect, type Session } from '@lastword/sdk'

/** One client of many. */
export interface Client {
  /** Resolves when its connection has carried something there and back. */
  open(): Promise<void>
  /** Resolves when it has noticed that its link is lost. */
  notice(): Promise<void>
  resume(): Promise<void>
  close(): Promise<void>
}

/** Everything may take its time while thousands do the same. */
const patientMs = 600_000

/** A session that does not look for another link before it is told to. */
export function sessionClient(url: string, ca: string): Client {
  let release = () => {}
  let held: Promise<void> | undefined
  let session: Session | undefined
  let lost: Promise<unknown> | undefined

  async function echo(text: string): Promise<void> {
    const answer = await session?.request('echo', text)
    if (answer !== text) throw new Error(`the echo of ${text} was ${JSON.stringify(answer)}`)
  }

  return {
    async open() {
      session = connect(url, {
        tls: { ca },
        reconnect: { nextDelayMs: () => 0 },
        connectTimeoutMs: patientMs,
        welcomeTimeoutMs: patientMs,
        // It is asked for each link, and so holds back the second one.
        auth: async () => {
          await held
          return null
        },
      })
      lost = new Promise((resolve) => session?.on('recovering', resolve))
      await echo('one')
      held = new Promise((resolve) => {
        release = resolve
      })
    },
    async notice() {
      await lost
    },
    async resume() {
      const recovered = new Promise((resolve) => session?.on('recovered', resolve))
      release()
      await echo('two')
      await recovered
    },
    async close() {
      const report = await session?.close()
      if (report?.clean !== true) throw new Error(`the report is not clean: ${JSON.stringify(report)}`)
    },
  }
}
