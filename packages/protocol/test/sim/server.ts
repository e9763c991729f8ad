import { closeCodes } from '../../src/codes.ts'
import { decodeFrame } from '../../src/decode.ts'
import type { Frame, HelloEnvelope } from '../../src/envelope.ts'
import { limits } from '../../src/limits.ts'
import { PeerFault } from '../../src/peer-fault.ts'
import type { Endpoint } from './endpoint.ts'
import type { End } from './network.ts'
import type { World } from './world.ts'

/** As much of a server adapter as a session depends on: the table of sessions, the key, who may have a link. */
export class SimulatedServer {
  readonly #world: World
  /** Sessions that have not been forgotten. */
  readonly #sessions = new Map<string, Endpoint>()
  /** The one key that opens sessions here. */
  readonly #key: string
  readonly #makeSession: () => Endpoint

  constructor(world: World, key: string, makeSession: () => Endpoint) {
    this.#world = world
    this.#key = key
    this.#makeSession = makeSession
  }

  onConnection(end: End, early: Frame | undefined): void {
    end.events = {
      onOpen: () => {},
      onFrame: (frame) => this.#onFirstFrame(end, frame),
      onDrain: () => {},
      onEnd: () => {},
    }
    if (early !== undefined) this.#onFirstFrame(end, early)
  }

  #onFirstFrame(end: End, frame: Frame): void {
    const world = this.#world
    world.traceFrame('client', end.name, true, frame)
    const bytes = world.wireBytes(frame)
    try {
      const frameBytesMax = world.plan.server.maxBytes + limits.frameOverheadBytes
      const { envelopes } = decodeFrame(frame, bytes, { frameBytesMax })
      const [hello, ...rest] = envelopes
      if (hello?.t !== 'hello') return end.close(closeCodes.helloExpected, 'hello comes first')
      const refusal = this.#refusal(hello)
      if (refusal === undefined) {
        const endpoint = this.#find(hello)
        world.onHello(end, endpoint)
        return endpoint.accept(end, hello, rest, bytes)
      }
      world.onRefusal()
      world.say('server', `refuses ${end.name}: ${refusal}`)
      const reset = `[${JSON.stringify({ t: 'reset', code: refusal })}]`
      world.traceFrame('server', end.name, false, reset)
      end.send(reset)
      end.close(closeCodes.reset, refusal)
    } catch (fault) {
      if (!(fault instanceof PeerFault)) throw fault
      world.onGarbageAtDoor(fault)
      end.close(closeCodes[fault.code], fault.message)
    }
  }

  #refusal(hello: HelloEnvelope): string | undefined {
    const known = this.#sessions.has(hello.sid)
    if (!known && !hello.fresh) return 'session-unknown'
    if (hello.key !== this.#key) return known ? 'key-mismatch' : 'unauthorized'
    return undefined
  }

  #find(hello: HelloEnvelope): Endpoint {
    const endpoint = this.#sessions.get(hello.sid) ?? this.#makeSession()
    this.#sessions.set(hello.sid, endpoint)
    return endpoint
  }

  /** Its process is gone. */
  forgetAll(): void {
    this.#sessions.clear()
  }

  /** Its next process has found this session in the journal. */
  add(sid: string, endpoint: Endpoint): void {
    this.#sessions.set(sid, endpoint)
  }

  /** Forgets what the machines have released. Called after each step. */
  forgetReleased(): void {
    for (const [sid, endpoint] of this.#sessions) if (endpoint.released) this.#sessions.delete(sid)
  }
}
