import type { DecodedFrame, Frame } from '../../src/envelope.ts'
import { frameBytes, readFrame } from '../sim/endpoint.ts'

/** Stands for a frame; the same for all that are equal. Counts from 1. */
export type FrameId = number

/** Every frame that was ever made, once. */
export class Frames {
  readonly #frames: Frame[] = ['']
  readonly #fresh: boolean[] = []
  readonly #ids = new Map<string, FrameId>()

  idOf(frame: Frame): FrameId {
    const key = typeof frame === 'string' ? frame : `B${frame.join()}`
    const known = this.#ids.get(key)
    if (known !== undefined) return known
    const id = this.#frames.push(frame) - 1
    this.#ids.set(key, id)
    return id
  }

  of(id: FrameId): Frame {
    return this.#frames[id] as Frame
  }

  /** Its envelopes, made anew: whoever gets them may keep them. */
  read(id: FrameId): DecodedFrame {
    const frame = this.of(id)
    return structuredClone(readFrame(frame))
  }

  /** True if it begins with a `hello` that may open a session. */
  isFresh(id: FrameId): boolean {
    const known = this.#fresh[id]
    if (known !== undefined) return known
    const [hello] = this.read(id).envelopes
    const fresh = hello?.t === 'hello' && hello.fresh
    this.#fresh[id] = fresh
    return fresh
  }

  bytes(id: FrameId): number {
    return frameBytes(this.of(id))
  }
}
