import type { JournaledMessage, JournalSnapshot, JournalState, JournalWrite } from '../../src/journal.ts'
import type { Clock } from './clock.ts'
import type { Random } from './random.ts'

/** Where one side keeps its session: it outlives the side's process. What is under way when that dies is there, or it is not. */
export class Disk {
  state: JournalState | undefined
  readonly messages = new Map<number, JournaledMessage>()
  readonly #clock: Clock
  readonly #random: Random
  readonly #syncMsMax: number
  #ids = new Set<string>()
  #underWay: { carryOut: () => void } | undefined
  /** To be carried out behind what is under way. */
  #erasing = false

  constructor(clock: Clock, random: Random, syncMsMax: number) {
    this.#clock = clock
    this.#random = random
    this.#syncMsMax = syncMsMax
  }

  get busy(): boolean {
    return this.#underWay !== undefined
  }

  /** Begins with a write; `onSynced` once it would survive. */
  write(write: JournalWrite, onSynced: () => void): void {
    this.#begin(() => this.#apply(write), onSynced)
  }

  /** The session is not needed any more. */
  erase(): void {
    if (this.busy) this.#erasing = true
    else this.#begin(() => this.#clear(), nothing)
  }

  /** Another session takes its place. */
  discard(): void {
    this.#underWay = undefined
    this.#erasing = false
    this.#clear()
  }

  #clear(): void {
    this.state = undefined
    this.messages.clear()
    this.#ids.clear()
  }

  /** The process is gone. Returns true if something was under way and is there, false if it is not. */
  crash(): boolean | undefined {
    const underWay = this.#underWay
    this.#underWay = undefined
    this.#erasing = false
    if (underWay === undefined) return undefined
    const there = this.#random.chance(0.5)
    if (there) underWay.carryOut()
    return there
  }

  /** It takes nothing any more; what is under way is there, or it is not. */
  fail(): void {
    this.crash()
  }

  hasMessage(id: string): boolean {
    return this.#ids.has(id)
  }

  /** What a process that starts now finds. */
  read(): JournalSnapshot | undefined {
    if (this.state === undefined) return undefined
    const messages = [...this.messages.values()].sort((a, b) => a.order - b.order)
    return { state: JSON.parse(JSON.stringify(this.state)) as JournalState, messages }
  }

  #begin(carryOut: () => void, onSynced: () => void): void {
    const underWay = { carryOut }
    this.#underWay = underWay
    this.#clock.after(this.#random.int(0, this.#syncMsMax), () => {
      if (this.#underWay !== underWay) return
      this.#underWay = undefined
      carryOut()
      if (this.#erasing) {
        this.#erasing = false
        this.erase()
      }
      onSynced()
    })
  }

  #apply(write: JournalWrite): void {
    for (const message of write.add) {
      this.messages.set(message.order, message)
      this.#ids.add(message.id)
    }
    for (const order of write.remove) {
      const message = this.messages.get(order)
      if (message !== undefined) this.#ids.delete(message.id)
      this.messages.delete(order)
    }
    this.state = write.state
  }
}

function nothing(): void {}
