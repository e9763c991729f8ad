import type { Session } from '@lastword/sdk'
import { Random } from '../../packages/protocol/test/sim/random.ts'

/** One side of a busy session: sends everything it has at once, and answers what it is asked. */
export class Crowd {
  /** Numbers of the peer's messages and requests, in the order in which the handlers were given them. */
  readonly heard: number[] = []
  /** Settles when all that was sent is handled and answered as it must be. */
  readonly done: Promise<void>
  /** Sent, and neither handled nor answered. */
  inFlight = 0

  /** @param onHandled Called for each thing that this side has handled. */
  constructor(
    session: Session,
    count: { messages: number; requests: number },
    seed: number,
    onHandled: () => void,
  ) {
    const random = new Random(seed)
    const handled = (number: number) => {
      this.heard.push(number)
      onHandled()
    }
    const delays = random.fork()
    session.handle('say', async (said) => {
      handled((said as Said).number)
      if (delays.chance(0.2)) await delay(delays.int(0, 4))
    })
    session.handle('ask', async (said) => {
      const { number } = said as Said
      handled(number)
      await delay(delays.int(0, 6))
      return `answer ${number}`
    })
    this.done = this.#sendAll(session, count, random)
    // It is looked at at the end, unless the run fails before.
    this.done.catch(() => {})
  }

  async #sendAll(
    session: Session,
    { messages, requests }: { messages: number; requests: number },
    random: Random,
  ): Promise<void> {
    const promises: Promise<unknown>[] = []
    for (let number = 0; number < messages + requests; number++) {
      const said: Said = { number, filling: 'x'.repeat(sizeOf(random)) }
      // What is left of each kind decides, so that both are spread over the whole.
      const isRequest = random.chance(requests / (messages + requests))
      this.inFlight += 1
      promises.push(this.#settled(isRequest ? ask(session, said) : session.send('say', said)))
      // In bursts, over some turns of the event loop.
      if (random.chance(0.05)) await delay(0)
    }
    await Promise.all(promises)
  }

  async #settled(promise: Promise<unknown>): Promise<void> {
    await promise
    this.inFlight -= 1
  }
}

interface Said {
  number: number
  filling: string
}

async function ask(session: Session, said: Said): Promise<void> {
  const answer = await session.request('ask', said)
  if (answer !== `answer ${said.number}`) {
    throw new Error(`request ${said.number} was answered with ${JSON.stringify(answer)}`)
  }
}

/** Mostly small; now and then one that fills a good part of what the kernel takes. */
function sizeOf(random: Random): number {
  return random.chance(0.02) ? random.int(10_000, 150_000) : random.int(0, 800)
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)))
}
