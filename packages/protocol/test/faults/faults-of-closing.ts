import { FrameFiller } from '../../src/frame-filler.ts'
import { Inbox } from '../../src/inbox.ts'
import { Outbox } from '../../src/outbox.ts'
import { SessionEnding } from '../../src/session-ending.ts'
import { SessionMachine } from '../../src/session-machine.ts'
import { insideOf, outputsChanged, type PlantedFault, replaced, replacedGetter } from './planted-fault.ts'

/** Mistakes about the end of a session, and what is reported of it. */
export const faultsOfClosing: readonly PlantedFault[] = [
  {
    name: 'a report that always says clean',
    promises: ['P4 close after ack', 'P6 the report is true'],
    plant: () =>
      outputsChanged((output) => {
        if (output.type !== 'ended') return [output]
        return [{ type: 'ended', report: { ...output.report, clean: true, code: 'finished', by: 'both' } }]
      }),
  },
  {
    name: 'a report that is made before the last acknowledgement',
    world: 'one message each way, a lost link',
    inside: true,
    promises: ['P3 every message has a fate', 'P4 close after ack', 'P5 closing survives'],
    plant: () =>
      replacedGetter(Outbox.prototype, 'finished', () => (outbox) => {
        const { _$fin: fin, _$base: base } = insideOf<unknown>(outbox) as {
          _$fin?: { seq: number }
          _$base: number
        }
        return fin !== undefined && fin.seq > 0 && base >= fin.seq
      }),
  },
  {
    name: 'an end that does not wait for the handlers of this side',
    inside: true,
    promises: ['P4 close after ack', 'P6 the report is true'],
    plant: () =>
      replacedGetter(Inbox.prototype, 'finished', () => (inbox) => {
        const { _$fin: fin } = insideOf<unknown>(inbox) as { _$fin?: unknown }
        return fin !== undefined
      }),
  },
  {
    name: 'a report that leaves out what was not handled',
    promises: ['P6 the report is true'],
    plant: () =>
      outputsChanged((output) => {
        if (output.type !== 'ended') return [output]
        const { report } = output
        return [{ type: 'ended', report: { ...report, incoming: { ...report.incoming, unhandled: [] } } }]
      }),
  },
  {
    name: 'a fin that overtakes the messages that wait for the window',
    world: 'a window of one message',
    inside: true,
    promises: ['honest sides agree', 'P4 close after ack', 'P2 in order, once'],
    plant: () =>
      replaced(
        Outbox.prototype,
        'next',
        (original) =>
          function (this: Outbox<unknown>, bytesMax, kind) {
            const found = original.call(this, bytesMax, kind)
            const inside = insideOf<unknown>(this) as { _$fin?: { seq: number }; _$last: number }
            if (found !== undefined || kind !== 'text' || inside._$fin?.seq !== 0) return found
            inside._$fin.seq = ++inside._$last
            return original.call(this, bytesMax, kind)
          },
      ),
  },
  {
    name: 'a fin that is told before the messages that came with it',
    promises: ['P2 in order, once', 'P4 close after ack'],
    plant: () =>
      replaced(
        SessionMachine.prototype,
        'takeOutputs',
        (original) =>
          function (this: SessionMachine) {
            const outputs = original.call(this)
            const isFin = ({ type }: { type: string }) => type === 'peer-fin'
            return [...outputs.filter(isFin), ...outputs.filter((output) => !isFin(output))]
          },
      ),
  },
  {
    name: 'a fin that is not replayed after a lost link',
    world: 'one message each way, a lost link',
    promises: ['P5 closing survives'],
    plant: () => {
      const without = (machine: SessionMachine, frame: unknown) => {
        if (typeof frame !== 'string') return frame
        const envelopes = JSON.parse(frame) as Array<{ t: string }>
        if (!envelopes.some(({ t }) => t === 'fin')) return frame
        const { finSaid } = machine as { finSaid?: boolean }
        const kept = finSaid ? envelopes.filter(({ t }) => t !== 'fin') : envelopes
        Object.assign(machine, { finSaid: true })
        return kept.length === 0 ? undefined : JSON.stringify(kept)
      }
      return replaced(
        SessionMachine.prototype,
        'pollFrame',
        (original) =>
          function (this: SessionMachine, bytesMax) {
            return without(this, original.call(this, bytesMax)) as string | undefined
          },
      )
    },
  },
  {
    name: 'a last acknowledgement that is not said again',
    world: 'one message each way, a lost link',
    promises: ['P5 closing survives'],
    plant: () =>
      replacedGetter(
        SessionMachine.prototype,
        'wantsLink',
        (original) => (machine) => original(machine) && !machine.ended,
      ),
  },
  {
    name: 'a last word that is taken as heard although its link was lost',
    world: 'one message each way, a lost link',
    promises: ['P5 closing survives'],
    plant: () =>
      replaced(
        SessionEnding.prototype,
        'onLinkEnd',
        (original) =>
          function (this: SessionEnding<unknown>, end, now) {
            return original.call(this, { ...end, clean: true, code: 1000 }, now)
          },
      ),
  },
  {
    name: 'a fin that is always taken to stand behind the last acknowledgement',
    world: 'one message each way, a lost link',
    promises: ['P5 closing survives'],
    plant: () =>
      replaced(
        FrameFiller.prototype,
        'fill',
        (original) =>
          function (this: FrameFiller<unknown>, link, strictBytes) {
            const frame = original.call(this, link, strictBytes)
            if (typeof frame === 'string' && frame.includes('"fin"')) link.finAfterAll = true
            return frame
          },
      ),
  },
  {
    name: 'a session that is forgotten as soon as it has ended',
    world: 'one message each way, a lost link',
    // Also what the journal holds of it is gone, and the last word goes out without it.
    promises: ['P5 closing survives', 'P2 in order, once', 'R-123 written before it leaves'],
    plant: () =>
      outputsChanged((output) => (output.type === 'ended' ? [output, { type: 'released' }] : [output])),
  },
  {
    name: 'a server that does not wait for the hello of an older link before it forgets a session',
    world: 'one message each way, a takeover',
    inside: true,
    promises: ['P2 in order, once'],
    plant: () =>
      replaced(
        SessionEnding.prototype,
        'onLinkEnd',
        (original) =>
          function (this: SessionEnding<unknown>, end, now) {
            const { _$links: links } = insideOf<{ count: number }>(this)
            const count = links?.count ?? 0
            if (links !== undefined) links.count = Math.min(count, 1)
            const final = original.call(this, end, now)
            if (links !== undefined) links.count = count
            return final
          },
      ),
  },
]
