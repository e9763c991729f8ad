import { Inbox } from '../../src/inbox.ts'
import { Outbox } from '../../src/outbox.ts'
import { SessionLinks } from '../../src/session-links.ts'
import { SessionMachine } from '../../src/session-machine.ts'
import { allOf, insideOf, outputsChanged, type PlantedFault, replaced } from './planted-fault.ts'

/** Mistakes about messages and their acknowledgements. */
export const faultsOfDelivery: readonly PlantedFault[] = [
  {
    name: 'an acknowledgement at receipt',
    promises: ['P1 ack means handled'],
    plant: () =>
      replaced(
        Inbox.prototype,
        'receive',
        (original) =>
          function (this: Inbox, envelope, charge) {
            const isNew = original.call(this, envelope, charge)
            if (isNew) this.handled(envelope.seq)
            return isNew
          },
      ),
  },
  {
    name: 'an acknowledgement of one too many',
    world: 'a request that may be taken back',
    promises: ['P1 ack means handled'],
    plant: () =>
      replaced(
        Inbox.prototype,
        'takeAck',
        (original) =>
          function (this: Inbox) {
            const ack = original.call(this)
            return ack.also === undefined && ack.n < this.got ? { ...ack, n: ack.n + 1 } : ack
          },
      ),
  },
  {
    name: 'ranges of an acknowledgement that are merged over a gap',
    world: 'a request that may be taken back',
    promises: ['P1 ack means handled'],
    plant: () =>
      replaced(
        Inbox.prototype,
        'takeAck',
        (original) =>
          function (this: Inbox) {
            const ack = original.call(this)
            const [first] = ack.also ?? []
            const last = ack.also?.at(-1)
            if (first === undefined || last === undefined) return ack
            return { ...ack, also: [[Math.min(first[0], ack.n + 2), last[1]]] }
          },
      ),
  },
  {
    name: 'a fin that acknowledges everything before it',
    promises: ['P1 ack means handled', 'P4 close after ack'],
    plant: () =>
      replaced(
        Inbox.prototype,
        'takeAck',
        (original) =>
          function (this: Inbox) {
            const ack = original.call(this)
            const last = ack.also?.at(-1)
            return last?.[1] === this.got ? { t: 'ack', n: this.got } : ack
          },
      ),
  },
  {
    name: 'a duplicate that is delivered',
    world: 'one message each way, a lost link',
    promises: ['P2 in order, once'],
    plant: () =>
      replaced(
        Inbox.prototype,
        'receive',
        (original) =>
          function (this: Inbox, ...args) {
            original.apply(this, args)
            return true
          },
      ),
  },
  {
    name: 'two messages that change places',
    world: 'a request that may be taken back',
    promises: ['P2 in order, once'],
    plant: () =>
      replaced(
        SessionMachine.prototype,
        'takeOutputs',
        (original) =>
          function (this: SessionMachine) {
            const outputs = original.call(this)
            const at = outputs.findIndex(
              ({ type }, i) => type === 'message' && outputs[i + 1]?.type === 'message',
            )
            if (at >= 0) outputs.splice(at + 1, 0, ...outputs.splice(at, 1))
            return outputs
          },
      ),
  },
  {
    name: 'a cancel that eats the reply',
    world: 'a request that may be taken back',
    promises: ['P2 in order, once', 'P4 close after ack', 'P5 closing survives'],
    plant: () => {
      const handle = replaced(
        SessionMachine.prototype,
        'handle',
        (original) =>
          function (this: SessionMachine, input, now) {
            if (input.type === 'cancel') Object.assign(this, { cancelled: input.re })
            original.call(this, input, now)
          },
      )
      const takeOutputs = replaced(
        SessionMachine.prototype,
        'takeOutputs',
        (original) =>
          function (this: SessionMachine) {
            const { cancelled } = this as { cancelled?: string }
            return original
              .call(this)
              .filter((output) => output.type !== 'message' || !cancelled || output.envelope.re !== cancelled)
          },
      )
      return allOf(handle, takeOutputs)
    },
  },
  {
    name: 'a message without a fate',
    // It is also still counted as retained.
    promises: ['P3 every message has a fate', 'P7 bounded'],
    plant: () => outputsChanged((output) => (output.type === 'failed' && !output.tooLarge ? [] : [output])),
  },
  {
    name: 'a message that is reported handled twice',
    promises: ['P3 every message has a fate'],
    plant: () => outputsChanged((output) => (output.type === 'handled' ? [output, output] : [output])),
  },
  {
    name: 'fates that always say not-sent',
    promises: ['P3 every message has a fate'],
    plant: () =>
      replaced(
        Outbox.prototype,
        'drain',
        (original) =>
          function (this: Outbox<unknown>) {
            return original.call(this).map(({ message }) => ({ message, fate: 'not-sent' as const }))
          },
      ),
  },
  {
    name: 'fates that take what left for what arrived',
    promises: ['P3 every message has a fate'],
    plant: () =>
      replaced(
        Outbox.prototype,
        'drain',
        (original) =>
          function (this: Outbox<unknown>) {
            return original
              .call(this)
              .map(({ message, fate }) => ({ message, fate: fate === 'unknown' ? 'received' : fate }))
          },
      ),
  },
  {
    name: 'a first frame that is taken to have stayed here although it had left',
    world: 'one message, a lost link, or giving up',
    promises: ['P2 in order, once', 'P3 every message has a fate', 'honest sides agree'],
    plant: () =>
      replaced(
        SessionMachine.prototype,
        'handle',
        (original) =>
          function (this: SessionMachine, input, now) {
            const opening = input.type === 'link-end' && !this.attached
            original.call(this, opening ? { ...input, neverLeft: true } : input, now)
          },
      ),
  },
  {
    name: 'a window that is ignored',
    world: 'a window of one message',
    promises: ['P7 bounded'],
    plant: () =>
      replaced(
        Outbox.prototype,
        'next',
        (original) =>
          function (this: Outbox<unknown>, ...args) {
            this.window = { messages: 100_000, bytes: 2 ** 31 }
            return original.apply(this, args)
          },
      ),
  },
  {
    name: 'a window that is released twice',
    world: 'a window of one message',
    inside: true,
    promises: ['P7 bounded'],
    plant: () =>
      replaced(
        Outbox.prototype,
        'acknowledge',
        (original) =>
          function (this: Outbox<unknown>, ack) {
            const settled = original.call(this, ack)
            const inside = insideOf<number>(this)
            inside._$inFlightCount = (inside._$inFlightCount ?? 0) - settled.length
            return settled
          },
      ),
  },
  {
    name: 'a replay that starts one too late',
    world: 'one message each way, a lost link',
    // As a gap, as a message that is taken to have been received, or as a fin that never comes.
    promises: ['honest sides agree', 'P3 every message has a fate', 'P5 closing survives'],
    plant: () =>
      replaced(
        Outbox.prototype,
        'peerReceived',
        (original) =>
          function (this: Outbox<unknown>, got) {
            original.call(this, Math.min(got + 1, this.last))
          },
      ),
  },
  {
    name: 'no replay at all',
    world: 'one message each way, a lost link',
    inside: true,
    promises: ['honest sides agree', 'P5 closing survives'],
    plant: () =>
      replaced(
        SessionMachine.prototype,
        'handle',
        (original) =>
          function (this: SessionMachine, input, now) {
            const outbox = outboxOf(this)
            const before = outbox._$cursor ?? 0
            original.call(this, input, now)
            // No step takes it back: what was transmitted once is not transmitted again.
            if ((outbox._$cursor ?? 0) < before) outbox._$cursor = before
          },
      ),
  },
  {
    name: 'a takeover that forgets what went on the older link',
    world: 'one message each way, a takeover',
    inside: true,
    promises: ['honest sides agree', 'P5 closing survives'],
    plant: () =>
      replaced(
        SessionMachine.prototype,
        'handle',
        (original) =>
          function (this: SessionMachine, input, now) {
            const taking = input.type === 'link-accept' && this.attached
            const outbox = outboxOf(this)
            const before = outbox._$cursor ?? 0
            original.call(this, input, now)
            if (taking && (outbox._$cursor ?? 0) < before) outbox._$cursor = before
          },
      ),
  },
  {
    name: 'a late hello that takes over',
    world: 'one message each way, a takeover',
    promises: [
      'honest sides agree',
      'P2 in order, once',
      'P5 closing survives',
      'R-123 a write is the truth',
    ],
    plant: () =>
      replaced(
        SessionLinks.prototype,
        'accept',
        (original) =>
          function (this: SessionLinks<unknown>, id, hello) {
            this.count = 0
            return original.call(this, id, hello)
          },
      ),
  },
  {
    name: 'acknowledgements that are not said again on the next link',
    world: 'one message each way, a lost link',
    inside: true,
    promises: ['P5 closing survives'],
    plant: () =>
      replaced(
        Inbox.prototype,
        'startLink',
        (original) =>
          function (this: Inbox) {
            const due = this.ackDue
            original.call(this)
            insideOf<boolean>(this)._$ackDue = due
          },
      ),
  },
  {
    name: 'a machine that forgets the time',
    promises: ['P5 closing survives', 'liveness'],
    plant: () => replaced(SessionMachine.prototype, 'nextTimeout', () => () => Number.POSITIVE_INFINITY),
  },
  {
    name: 'an expiry that is not called off when the client comes back',
    world: 'one message, a lost link, a silent one',
    promises: ['P5 closing survives'],
    plant: () =>
      replaced(
        SessionLinks.prototype,
        'accept',
        (original) =>
          function (this: SessionLinks<unknown>, id, hello) {
            const { deadlines } = insideOf<{ deadlines: { expiry: number | undefined } }>(this)._$parts ?? {}
            const before = deadlines?.expiry
            const link = original.call(this, id, hello)
            if (deadlines !== undefined) deadlines.expiry = before
            return link
          },
      ),
    inside: true,
  },
]

function outboxOf(machine: SessionMachine): Record<string, number> {
  const { outbox } = insideOf<{ outbox: object }>(machine).parts as { outbox: object }
  return insideOf<number>(outbox)
}
