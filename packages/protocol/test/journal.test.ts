import { describe, expect, it } from 'vitest'
import { encodeMessage } from '../src/encode.ts'
import type { Envelope, HelloEnvelope } from '../src/envelope.ts'
import type { JournaledMessage, JournalState, JournalWrite } from '../src/journal.ts'
import type { SessionConfig } from '../src/session-io.ts'
import { SessionMachine } from '../src/session-machine.ts'
import { config, Subject } from './pair.ts'

/** What a journal on a disk does: holds writes, survives its machine. A write that is not synced may be lost. */
class Disk {
  state: JournalState | undefined
  readonly messages = new Map<number, JournaledMessage>()
  underWay: JournalWrite | undefined

  /** Takes the next write of the machine; it survives only after `sync`. */
  take(subject: Subject): JournalWrite | undefined {
    const write = subject.machine.takeJournalWrite()
    if (write !== undefined) this.underWay = structuredClone(write)
    return write
  }

  sync(subject: Subject): void {
    const write = this.underWay as JournalWrite
    this.underWay = undefined
    for (const message of write.add) this.messages.set(message.order, message)
    for (const order of write.remove) this.messages.delete(order)
    this.state = write.state
    subject.input({ type: 'journaled', write: write.number })
  }

  /** Everything that waits is written, and survives. */
  syncAll(subject: Subject): void {
    for (let round = 0; this.take(subject) !== undefined; round++) {
      expect(round).toBeLessThan(10)
      this.sync(subject)
    }
  }

  restore(role: 'client' | 'server', changes: Partial<SessionConfig> = {}, now = 0): Subject {
    const subject = new Subject(role)
    const state = this.state as JournalState
    const messages = [...this.messages.values()].sort((a, b) => a.order - b.order)
    const machine = SessionMachine.restore<string>(
      config(role, { journaled: true, ...changes }),
      structuredClone({ state, messages }),
      ({ id }) => id,
      now,
    )
    Object.assign(subject, { machine })
    subject.outputs.push(...machine.takeOutputs())
    return subject
  }
}

const journaled = (role: 'client' | 'server', changes: Partial<SessionConfig> = {}) => ({
  subject: new Subject(role, { journaled: true, ...changes }),
  disk: new Disk(),
})

const welcome = (got = 0): Envelope => ({
  t: 'welcome',
  sid: 'session-of-the-test',
  resumed: got > 0,
  got,
  window: { messages: 1024, bytes: 4 * 1024 * 1024 },
  ttl: 60_000,
  keepalive: 15_000,
  maxBytes: 1024 * 1024,
})

const hello = (link: number, got: number, fresh = link === 1): HelloEnvelope => ({
  t: 'hello',
  v: 1,
  sid: 'session-of-the-test',
  key: 'key-of-the-session',
  link,
  fresh,
  got,
  window: { messages: 1024, bytes: 4 * 1024 * 1024 },
  maxBytes: 1024 * 1024,
})

const msg = (seq: number, id = `m-${seq}`): Envelope => ({ t: 'msg', seq, id, ch: 'n', d: seq })

const kinds = (envelopes: Envelope[]) => envelopes.map(({ t }) => t)
const seqsOf = (envelopes: Envelope[]) =>
  envelopes.flatMap((one) => (one.t === 'msg' ? [[one.seq, one.id]] : []))
const ids = (subject: Subject) => subject.all('message').map(({ envelope }) => envelope.id)

/** A client whose first link is welcomed, with everything written. */
function openClient(changes: Partial<SessionConfig> = {}) {
  const { subject, disk } = journaled('client', changes)
  disk.syncAll(subject)
  subject.input({ type: 'link-start', link: 1 })
  subject.poll()
  subject.receive(1, [welcome()])
  disk.syncAll(subject)
  return { subject, disk }
}

function openServer() {
  const { subject, disk } = journaled('server')
  subject.input({ type: 'link-accept', link: 1, hello: hello(1, 0) })
  disk.syncAll(subject)
  subject.poll()
  return { subject, disk }
}

function resume(client: Subject, link: number, got: number): Envelope[] {
  client.input({ type: 'link-start', link })
  client.receive(link, [welcome(got)])
  return client.pollEnvelopes()
}

describe('what leaves only after the journal holds it', () => {
  it('is the hello of a link', () => {
    const { subject, disk } = journaled('client')
    subject.input({ type: 'link-start', link: 1 })
    expect(subject.poll()).toEqual([])
    disk.take(subject)
    expect(subject.poll()).toEqual([])
    disk.sync(subject)
    expect(kinds(subject.pollEnvelopes())).toEqual(['hello'])
  })

  it('is the welcome of a link', () => {
    const { subject, disk } = journaled('server')
    subject.input({ type: 'link-accept', link: 1, hello: hello(1, 0) })
    expect(subject.poll()).toEqual([])
    disk.syncAll(subject)
    expect(kinds(subject.pollEnvelopes())).toEqual(['welcome'])
  })

  it('is a message, and what stands behind it goes on waiting for its own write', () => {
    const { subject, disk } = openClient()
    subject.send('a')
    disk.take(subject)
    subject.send('b')
    expect(subject.poll()).toEqual([])
    disk.sync(subject)
    expect(seqsOf(subject.pollEnvelopes())).toEqual([[1, 'a']])
    disk.syncAll(subject)
    expect(seqsOf(subject.pollEnvelopes())).toEqual([[2, 'b']])
  })

  it('is fin', () => {
    const { subject, disk } = openClient()
    subject.finish()
    expect(subject.poll()).toEqual([])
    disk.syncAll(subject)
    expect(kinds(subject.pollEnvelopes())).toEqual(['fin'])
  })

  it('is an acknowledgement, and the clean end that depends on it', () => {
    const { subject, disk } = openServer()
    subject.receive(1, [msg(1), { t: 'fin', seq: 2 }])
    subject.finish()
    disk.syncAll(subject)
    subject.poll()
    subject.receive(1, [{ t: 'ack', n: 1 }])
    subject.input({ type: 'handled', seq: 1 })
    disk.take(subject)
    expect(subject.poll()).toEqual([])
    expect(subject.machine.ended).toBe(false)
    disk.sync(subject)
    expect(subject.all('ended')).toMatchObject([{ report: { clean: true } }])
    expect(subject.all('link-close')[0]?.last).toContain('{"t":"ack","n":2}')
  })

  it('is nothing at all where there is no journal', () => {
    const subject = new Subject('client')
    subject.send('a')
    subject.input({ type: 'link-start', link: 1 })
    expect(subject.machine.takeJournalWrite()).toBeUndefined()
    expect(kinds(subject.pollEnvelopes())).toEqual(['hello', 'msg'])
  })
})

describe('writes', () => {
  it('are given out one at a time, and only when something has changed', () => {
    const { subject, disk } = openClient()
    expect(subject.machine.takeJournalWrite()).toBeUndefined()
    subject.send('a')
    expect(disk.take(subject)?.add).toHaveLength(1)
    subject.send('b')
    expect(subject.machine.takeJournalWrite()).toBeUndefined()
    disk.sync(subject)
    expect(disk.take(subject)?.add.map(({ id }) => id)).toEqual(['b'])
  })

  it('leave out what was sent and taken back in between', () => {
    const { subject, disk } = openClient()
    const message = subject.send('a')
    subject.input({ type: 'drop', message })
    const write = disk.take(subject)
    expect(write).toMatchObject({ add: [], remove: [] })
  })

  it('hold no payload any longer than the message lives', () => {
    const { subject, disk } = openClient()
    for (let n = 1; n <= 100; n++) subject.send(`m-${n}`)
    disk.syncAll(subject)
    expect(disk.messages.size).toBe(100)
    subject.poll()
    subject.receive(1, [{ t: 'ack', n: 60, also: [[71, 80]] }])
    disk.syncAll(subject)
    expect(disk.messages.size).toBe(30)
    expect(disk.state?.out).toMatchObject({ acked: 60, also: [[71, 80]], handledTotal: 70 })
  })

  it('that are confirmed out of turn confirm nothing', () => {
    const { subject, disk } = openClient()
    subject.send('a')
    const { number } = disk.take(subject) as JournalWrite
    subject.input({ type: 'journaled', write: number + 1 })
    subject.input({ type: 'journaled', write: number - 1 })
    expect(subject.poll()).toEqual([])
  })
})

describe('a sender that is restored', () => {
  it('replays under the numbers that its messages had, and only what was not acknowledged', () => {
    const { subject, disk } = openClient()
    for (const id of ['a', 'b', 'c', 'd']) subject.send(id)
    disk.syncAll(subject)
    subject.poll()
    subject.receive(1, [{ t: 'ack', n: 1, also: [[3, 3]] }])
    disk.syncAll(subject)
    const restored = disk.restore('client')
    disk.syncAll(restored)
    expect(seqsOf(resume(restored, 1, 3))).toEqual([[4, 'd']])
    restored.receive(1, [{ t: 'ack', n: 4 }])
    expect(restored.all('handled').flatMap(({ messages }) => messages.map(({ id }) => id))).toEqual([
      'b',
      'd',
    ])
    restored.send('e')
    disk.syncAll(restored)
    expect(seqsOf(restored.pollEnvelopes())).toEqual([[5, 'e']])
  })

  it('says hello with a link number that no link of its had', () => {
    const { subject, disk } = openClient()
    disk.syncAll(subject)
    for (let link = 2; link <= 40; link++) {
      subject.endLink(link - 1)
      subject.input({ type: 'link-start', link })
      disk.syncAll(subject)
      expect(kinds(subject.pollEnvelopes())).toEqual(['hello'])
    }
    const restored = disk.restore('client')
    disk.syncAll(restored)
    restored.input({ type: 'link-start', link: 1 })
    const [first] = restored.pollEnvelopes()
    expect((first as HelloEnvelope).link).toBeGreaterThan(40)
    expect((first as HelloEnvelope).fresh).toBe(false)
  })

  it('loses what no write had, and numbers what comes next as if it had never been', () => {
    const { subject, disk } = openClient()
    subject.send('a')
    disk.syncAll(subject)
    subject.send('lost')
    disk.take(subject)
    const restored = disk.restore('client')
    restored.send('b')
    disk.syncAll(restored)
    expect(seqsOf(resume(restored, 1, 0))).toEqual([
      [1, 'a'],
      [2, 'b'],
    ])
  })

  it('gives the number of a message that was taken back to the next, once the journal knows', () => {
    const { subject, disk } = openClient()
    const message = subject.send('a')
    subject.send('b')
    disk.syncAll(subject)
    subject.input({ type: 'drop', message })
    expect(subject.poll()).toEqual([])
    disk.syncAll(subject)
    expect(seqsOf(subject.pollEnvelopes())).toEqual([[1, 'b']])
    const restored = disk.restore('client')
    disk.syncAll(restored)
    expect(seqsOf(resume(restored, 1, 0))).toEqual([[1, 'b']])
  })

  it('keeps to the window of its peer with what had never left', () => {
    const { subject, disk } = journaled('client')
    for (let n = 1; n <= 10; n++) subject.send(`m-${n}`)
    disk.syncAll(subject)
    const restored = disk.restore('client')
    disk.syncAll(restored)
    restored.input({ type: 'link-start', link: 1 })
    restored.receive(1, [{ ...(welcome() as object), window: { messages: 4, bytes: 65_536 } } as Envelope])
    expect(seqsOf(restored.pollEnvelopes()).map(([seq]) => seq)).toEqual([1, 2, 3, 4])
    restored.receive(1, [{ t: 'ack', n: 2 }])
    expect(seqsOf(restored.pollEnvelopes()).map(([seq]) => seq)).toEqual([5, 6])
  })

  it('counts in the window what the peer has from before, and is not held up when the peer has less again', () => {
    const { subject, disk } = openClient()
    subject.send('a')
    subject.send('b')
    disk.syncAll(subject)
    const restored = disk.restore('client')
    disk.syncAll(restored)
    const small = (got: number) => ({ ...welcome(got), window: { messages: 1, bytes: 65_536 } }) as Envelope
    restored.input({ type: 'link-start', link: 1 })
    restored.receive(1, [small(1)])
    expect(seqsOf(restored.pollEnvelopes())).toEqual([])
    restored.endLink(1)
    restored.input({ type: 'link-start', link: 2 })
    restored.receive(2, [small(0)])
    expect(seqsOf(restored.pollEnvelopes())).toEqual([[1, 'a']])
    restored.receive(2, [{ t: 'ack', n: 1 }])
    expect(seqsOf(restored.pollEnvelopes())).toEqual([[2, 'b']])
  })

  it('learns only from the first welcome that a message is too large, and gives its number to the next', () => {
    const { subject, disk } = journaled('client')
    subject.send('a')
    subject.send('large', { text: JSON.stringify('x'.repeat(200_000)) })
    subject.send('b')
    subject.finish()
    disk.syncAll(subject)
    const restored = disk.restore('client')
    disk.syncAll(restored)
    restored.input({ type: 'link-start', link: 1 })
    expect(seqsOf(restored.pollEnvelopes())).toEqual([[1, 'a']])
    restored.receive(1, [{ ...(welcome(0) as object), maxBytes: 65_536 } as Envelope])
    expect(restored.all('failed')).toMatchObject([
      { messages: [{ message: { id: 'large' }, fate: 'not-sent' }], tooLarge: true },
    ])
    // The journal must have forgotten it first: the numbers behind it follow from that.
    expect(restored.poll()).toEqual([])
    disk.syncAll(restored)
    expect(restored.pollEnvelopes()).toMatchObject([
      { t: 'msg', seq: 2, id: 'b' },
      { t: 'fin', seq: 3 },
    ])
  })

  it('retains nothing any more once the session is over', () => {
    const { subject, disk } = openClient()
    subject.send('a')
    disk.syncAll(subject)
    const restored = disk.restore('client')
    expect(restored.machine.retainedBytes).toBeGreaterThan(0)
    restored.input({ type: 'abort', code: 'aborted', reason: '' })
    expect(restored.machine.retainedBytes).toBe(0)
  })

  it('cannot take back what may have left, and says that it does not know', () => {
    const { subject, disk } = openClient()
    subject.send('a')
    disk.syncAll(subject)
    const restored = disk.restore('client')
    restored.input({ type: 'abort', code: 'aborted', reason: '' })
    expect(restored.all('ended')).toMatchObject([{ report: { unknown: ['a'], notSent: [] } }])
  })

  it('says fin in its place, whether it had left or not', () => {
    for (const left of [false, true]) {
      const { subject, disk } = openClient()
      subject.send('a')
      subject.finish()
      disk.syncAll(subject)
      if (left) subject.poll()
      const restored = disk.restore('client')
      disk.syncAll(restored)
      expect(resume(restored, 1, 0)).toMatchObject([
        { t: 'hello' },
        { t: 'msg', seq: 1 },
        { t: 'fin', seq: 2 },
      ])
    }
  })

  it('knows a fin that was acknowledged above a message that was not', () => {
    const { subject, disk } = openClient()
    subject.send('a')
    subject.finish()
    disk.syncAll(subject)
    subject.poll()
    subject.receive(1, [{ t: 'ack', n: 0, also: [[2, 2]] }])
    disk.syncAll(subject)
    const restored = disk.restore('client')
    disk.syncAll(restored)
    expect(kinds(resume(restored, 1, 2))).toEqual(['hello'])
    restored.receive(1, [
      { t: 'ack', n: 2 },
      { t: 'fin', seq: 1 },
    ])
    disk.syncAll(restored)
    expect(restored.all('ended')).toMatchObject([{ report: { clean: true } }])
  })

  it('replays binary payloads as they were', () => {
    const { subject, disk } = openClient()
    const payload = Uint8Array.of(0, 1, 255)
    subject.input({ type: 'send', message: encodeMessage('bytes', { name: 'n', payload }, 'bytes') })
    disk.syncAll(subject)
    const restored = disk.restore('client')
    disk.syncAll(restored)
    restored.input({ type: 'link-start', link: 1 })
    restored.receive(1, [welcome()])
    const frames = restored.poll()
    expect((frames[1] as Uint8Array).slice(-3)).toEqual(payload)
  })
})

describe('a receiver that is restored', () => {
  it('asks for what was not handled, and marks what may have been begun', () => {
    const { subject, disk } = openServer()
    subject.receive(1, [msg(1), msg(2), msg(3)])
    subject.input({ type: 'handled', seq: 1 })
    disk.syncAll(subject)
    const restored = disk.restore('server')
    restored.input({ type: 'link-accept', link: 1, hello: hello(2, 0) })
    disk.syncAll(restored)
    expect(restored.pollEnvelopes()).toMatchObject([
      { t: 'welcome', resumed: true, got: 1 },
      { t: 'ping', k: 1 },
      { t: 'ack', n: 1 },
    ])
    restored.receive(1, [msg(2), msg(3), msg(4)])
    expect(restored.all('message').map(({ envelope, redelivered }) => [envelope.seq, redelivered])).toEqual([
      [2, true],
      [3, true],
      [4, false],
    ])
  })

  it('drops what it had handled, whether the peer knows that or not', () => {
    for (const known of [false, true]) {
      const { subject, disk } = openServer()
      subject.receive(1, [msg(1), msg(2), msg(3)])
      subject.input({ type: 'handled', seq: 2 })
      disk.syncAll(subject)
      const restored = disk.restore('server')
      restored.input({ type: 'link-accept', link: 1, hello: hello(2, 0) })
      restored.receive(1, known ? [msg(1), msg(3), msg(4)] : [msg(1), msg(2), msg(3), msg(4)])
      expect(ids(restored)).toEqual(['m-1', 'm-3', 'm-4'])
      expect(restored.all('link-close')).toEqual([])
    }
  })

  it('says nothing of what was handled and not written', () => {
    const { subject, disk } = openServer()
    subject.receive(1, [msg(1)])
    disk.syncAll(subject)
    subject.input({ type: 'handled', seq: 1 })
    disk.take(subject)
    expect(subject.poll()).toEqual([])
    const restored = disk.restore('server')
    restored.input({ type: 'link-accept', link: 1, hello: hello(2, 0) })
    restored.receive(1, [msg(1)])
    expect(restored.all('message')).toMatchObject([{ redelivered: true }])
  })

  it('tells of a fin that it had only when everything in front of it has come again', () => {
    for (const again of [false, true]) {
      const { subject, disk } = openServer()
      subject.receive(1, [msg(1), msg(2), { t: 'fin', seq: 3, code: 4000 }])
      disk.syncAll(subject)
      const restored = disk.restore('server')
      restored.input({ type: 'link-accept', link: 1, hello: hello(2, 0) })
      restored.receive(1, [msg(1)])
      expect(restored.all('peer-fin')).toEqual([])
      restored.receive(1, again ? [msg(2), { t: 'fin', seq: 3, code: 4000 }] : [msg(2)])
      expect(restored.all('peer-fin')).toMatchObject([{ code: 4000 }])
      for (const seq of [1, 2]) restored.input({ type: 'handled', seq })
      restored.finish()
      disk.syncAll(restored)
      restored.poll()
      restored.receive(1, [{ t: 'ack', n: 1 }])
      disk.syncAll(restored)
      expect(restored.all('ended')).toMatchObject([{ report: { clean: true } }])
    }
  })

  it('tells of a fin at once if nothing is missing in front of it', () => {
    const { subject, disk } = openServer()
    subject.receive(1, [{ t: 'fin', seq: 1 }])
    disk.syncAll(subject)
    expect(disk.restore('server').all('peer-fin')).toHaveLength(1)
  })
})

describe('a peer that is restored', () => {
  it('may have received less than it had said, and gets the rest once more', () => {
    const { subject } = { subject: new Subject('client') }
    for (const id of ['a', 'b', 'c']) subject.send(id)
    subject.input({ type: 'link-start', link: 1 })
    subject.poll()
    subject.receive(1, [welcome()])
    subject.endLink(1)
    subject.input({ type: 'link-start', link: 2 })
    subject.receive(2, [welcome(3)])
    subject.endLink(2)
    expect(seqsOf(resume(subject, 3, 1))).toEqual([
      [2, 'b'],
      [3, 'c'],
    ])
  })

  it('may not have received less than it had acknowledged', () => {
    const subject = new Subject('client')
    for (const id of ['a', 'b', 'c']) subject.send(id)
    subject.input({ type: 'link-start', link: 1 })
    subject.poll()
    subject.receive(1, [welcome(), { t: 'ack', n: 2 }])
    subject.endLink(1)
    subject.input({ type: 'link-start', link: 2 })
    subject.receive(2, [welcome(1)])
    expect(subject.all('fault')).toMatchObject([{ by: 'peer', code: 'ackInvalid' }])
  })
})

describe('a clean end', () => {
  /** A client that has handled everything and lacks one acknowledgement. */
  function almostOver() {
    const { subject, disk } = openClient()
    subject.finish()
    disk.syncAll(subject)
    subject.poll()
    subject.receive(1, [{ t: 'fin', seq: 1 }])
    disk.syncAll(subject)
    subject.poll()
    return { subject, disk }
  }

  it('is told only when the journal holds the last acknowledgement, so that a restart cannot undo it', () => {
    const { subject, disk } = almostOver()
    subject.receive(1, [{ t: 'ack', n: 1 }])
    expect(subject.all('ended')).toEqual([])
    expect(subject.all('link-close')).toEqual([])
    disk.syncAll(subject)
    expect(subject.all('ended')).toMatchObject([{ report: { clean: true } }])
    expect(disk.restore('client').all('ended')).toMatchObject([{ report: { clean: true } }])
  })

  it('needs no further link if the peer has closed the link as one that has seen it', () => {
    for (const [code, seen] of [
      [1000, true],
      [1000, false],
      [1001, true],
    ] as const) {
      const { subject, disk } = almostOver()
      if (!seen) subject.endLink(1)
      if (!seen) subject.input({ type: 'link-start', link: 1 })
      subject.receive(1, [...(seen ? [] : [welcome(1)]), { t: 'ack', n: 1 }])
      subject.endLink(1, { code, clean: true })
      // Nobody need come back to a server that may have forgotten the session, while the journal writes.
      expect(subject.machine.wantsLink).toBe(code !== 1000 || !seen)
      disk.syncAll(subject)
      expect(subject.all('ended')).toMatchObject([{ report: { clean: true } }])
      expect(subject.machine.wantsLink).toBe(code !== 1000 || !seen)
    }
  })
})

describe('a clean end that the peer has seen on the link it has closed', () => {
  it('is not put in doubt by a link left before, whose end is seen only now', () => {
    const { subject, disk } = openClient()
    // The client moves; the first link is closed, and nobody has seen the end of it yet.
    subject.input({ type: 'link-start', link: 2 })
    disk.syncAll(subject)
    subject.receive(2, [welcome()])
    subject.finish()
    disk.syncAll(subject)
    subject.poll()
    subject.receive(2, [{ t: 'fin', seq: 1 }])
    disk.syncAll(subject)
    subject.poll()
    subject.receive(2, [{ t: 'ack', n: 1 }])
    subject.endLink(2, { code: 1000, clean: true })
    subject.endLink(1)
    expect(subject.machine.wantsLink).toBe(false)
    disk.syncAll(subject)
    expect(subject.all('ended')).toMatchObject([{ report: { clean: true } }])
    expect(subject.machine.wantsLink).toBe(false)
  })

  it('is not put in doubt by a link that was to come next either, which finds the session forgotten', () => {
    const { subject, disk } = openClient()
    subject.finish()
    disk.syncAll(subject)
    subject.poll()
    subject.receive(1, [{ t: 'fin', seq: 1 }])
    disk.syncAll(subject)
    subject.poll()
    // The client is moving when the server sees the end.
    subject.input({ type: 'link-start', link: 2 })
    subject.machine.pollFrameOf(2)
    subject.receive(1, [{ t: 'ack', n: 1 }])
    subject.endLink(1, { code: 1000, clean: true })
    expect(subject.all('link-close')).toMatchObject([{ link: 2, code: 4409 }])
    subject.receive(2, [{ t: 'reset', code: 'session-unknown' }])
    disk.syncAll(subject)
    expect(subject.all('ended')).toMatchObject([{ report: { clean: true } }])
    expect(subject.machine.wantsLink).toBe(false)
  })
})

describe('a session that was over', () => {
  it('answers a late client only when the journal holds the number of its link', () => {
    const { subject, disk } = openServer()
    subject.receive(1, [{ t: 'fin', seq: 1 }])
    subject.finish()
    disk.syncAll(subject)
    subject.poll()
    subject.receive(1, [{ t: 'ack', n: 1 }])
    disk.syncAll(subject)
    const restored = disk.restore('server')
    restored.input({ type: 'link-accept', link: 1, hello: hello(2, 1) })
    expect(restored.poll()).toEqual([])
    expect(restored.all('link-close')).toEqual([])
    disk.syncAll(restored)
    expect(restored.all('link-close')).toMatchObject([{ code: 1000 }])
    expect(restored.all('link-close')[0]?.last).toMatch(/"t":"welcome".*"t":"ack","n":1/)
  })

  it('is not forgotten while a late client waits for the journal', () => {
    const { subject, disk } = openServer()
    subject.receive(1, [{ t: 'fin', seq: 1 }])
    subject.finish()
    disk.syncAll(subject)
    subject.poll()
    subject.receive(1, [{ t: 'ack', n: 1 }])
    disk.syncAll(subject)
    const restored = disk.restore('server')
    restored.input({ type: 'link-accept', link: 1, hello: hello(2, 1) })
    restored.wait(60_000)
    expect(restored.all('link-close')).toEqual([])
    disk.syncAll(restored)
    expect(restored.all('link-close')).toMatchObject([{ code: 1000 }])
    restored.wait(60_000)
    expect(restored.all('released')).toHaveLength(1)
  })

  it('does not judge a late client by what it has forgotten', () => {
    const { subject, disk } = openServer()
    subject.send('a')
    disk.syncAll(subject)
    subject.poll()
    subject.input({ type: 'abort', code: 'shutdown', reason: '' })
    disk.syncAll(subject)
    const restored = disk.restore('server')
    restored.input({ type: 'link-accept', link: 1, hello: hello(2, 1) })
    expect(restored.all('link-close')).toMatchObject([
      { code: 4410, last: expect.stringContaining('shutdown') },
    ])
  })

  it('is over again, and a server still tells how it ended', () => {
    const { subject, disk } = openServer()
    subject.input({ type: 'link-accept', link: 2, hello: hello(2, 0) })
    subject.endLink(2)
    subject.input({ type: 'abort', code: 'shutdown', reason: 'gone' })
    disk.syncAll(subject)
    const restored = disk.restore('server', {}, 1_000)
    expect(restored.all('ended')).toMatchObject([{ report: { clean: false, code: 'shutdown', by: 'local' } }])
    restored.input({ type: 'link-accept', link: 1, hello: hello(3, 0) })
    expect(restored.all('link-close')[0]?.last).toContain('"shutdown"')
    restored.now = 1_000
    restored.wait(60_000)
    expect(restored.all('released')).toHaveLength(1)
  })

  it('is over in a client that restarts before it has said its last acknowledgement, and it still says that', () => {
    const { subject, disk } = openClient()
    subject.finish()
    disk.syncAll(subject)
    subject.poll()
    subject.receive(1, [
      { t: 'ack', n: 1 },
      { t: 'fin', seq: 1 },
    ])
    disk.syncAll(subject)
    const restored = disk.restore('client')
    expect(restored.all('ended')).toMatchObject([{ report: { clean: true } }])
    expect(restored.machine.wantsLink).toBe(true)
    disk.syncAll(restored)
    restored.input({ type: 'link-start', link: 1 })
    restored.receive(1, [welcome(1)])
    expect(restored.all('link-close')[0]?.last).toContain('"n":1')
  })
})

describe('a session whose journal has gone into other hands', () => {
  const letGo = (silent: boolean) =>
    ({ type: 'let-go', code: silent ? 'superseded' : 'internal', reason: 'why', silent }) as const

  it.each([true, false])(
    'ends at once, and claims of no message that it cannot be sent (silent: %s)',
    (silent) => {
      const { subject, disk } = openClient()
      subject.send('left')
      disk.syncAll(subject)
      subject.poll()
      subject.send('kept')
      subject.input(letGo(silent))
      const [ended] = subject.all('ended')
      expect(ended?.report).toMatchObject({
        clean: false,
        by: 'local',
        notSent: [],
        unknown: ['left', 'kept'],
      })
      expect(subject.all('released')).toHaveLength(1)
      const [close] = subject.all('link-close')
      expect(close?.code).toBe(silent ? 1001 : 4410)
      if (silent) expect(close?.last).toBeUndefined()
      else expect(close?.last).toContain('"reset"')
    },
  )

  it.each([true, false])(
    'is forgotten by a server too, which has no answer to who comes back (silent: %s)',
    (silent) => {
      const { subject } = openServer()
      subject.input({ type: 'link-end', link: 1, code: 1006, reason: '', clean: false, neverLeft: false })
      subject.input(letGo(silent))
      expect(subject.all('released')).toHaveLength(1)
      expect(subject.machine.nextTimeout()).toBe(Number.POSITIVE_INFINITY)
    },
  )

  it('ends once, if it is over already', () => {
    const { subject, disk } = openServer()
    subject.input({ type: 'abort', code: 'aborted', reason: '' })
    disk.syncAll(subject)
    subject.input(letGo(true))
    expect(subject.all('ended')).toHaveLength(1)
    expect(subject.all('released')).toHaveLength(1)
  })
})

describe('a message that the journal has and that never left', () => {
  it('is not told as not sent when it is taken back: the next process may send it', () => {
    const { subject, disk } = journaled('client')
    const unwritten = subject.send('unwritten')
    subject.input({ type: 'drop', message: unwritten })
    const message = subject.send('written')
    disk.syncAll(subject)
    subject.input({ type: 'drop', message })
    const fates = subject.all('failed').flatMap(({ messages }) => messages.map(({ fate }) => fate))
    expect(fates).toEqual(['not-sent', 'unknown'])
    // Killed before the next write.
    const restored = disk.restore('client')
    disk.syncAll(restored)
    expect(seqsOf(resume(restored, 1, 0))).toEqual([[1, 'written']])
  })

  it('is not told as not sent when this side gives the session up, and is when the peer has ended it', () => {
    for (const by of ['local', 'peer']) {
      const { subject, disk } = openClient({})
      subject.endLink(1)
      subject.send('written')
      disk.syncAll(subject)
      subject.send('unwritten')
      if (by === 'local') subject.input({ type: 'abort', code: 'aborted', reason: '' })
      else {
        subject.input({ type: 'link-start', link: 2 })
        subject.poll()
        subject.receive(2, [{ t: 'reset', code: 'session-unknown' }])
      }
      const unknown = by === 'local' ? ['written'] : []
      const notSent = by === 'local' ? ['unwritten'] : ['written', 'unwritten']
      expect(subject.all('ended')).toMatchObject([{ report: { unknown, notSent } }])
    }
  })
})

describe('a client whose journal has failed', () => {
  const unjournaled = (mayStand: boolean) => ({ type: 'unjournaled', mayStand }) as const

  it('goes on where it is when the journal has forgotten the session: what waited for a write leaves at once', () => {
    const { subject, disk } = openClient()
    subject.receive(1, [msg(1)])
    subject.send('waits')
    disk.take(subject)
    subject.input({ type: 'handled', seq: 1 })
    subject.finish()
    expect(subject.poll()).toEqual([])
    subject.input(unjournaled(false))
    expect(subject.pollEnvelopes()).toMatchObject([
      { t: 'ack', n: 1 },
      { t: 'msg', seq: 1, id: 'waits' },
      { t: 'fin', seq: 2 },
    ])
    // The write that was under way is of no account any more.
    subject.input({ type: 'journaled', write: 2 })
    subject.receive(1, [
      { t: 'ack', n: 2 },
      { t: 'fin', seq: 2 },
    ])
    expect(subject.all('ended')).toMatchObject([{ report: { clean: true } }])
    expect(subject.machine.takeJournalWrite()).toBeUndefined()
  })

  it('gives to no journal what it sends and handles from then on, and waits for none', () => {
    const { subject } = openClient()
    subject.input(unjournaled(false))
    const message = subject.send('later')
    expect(subject.machine.takeJournalWrite()).toBeUndefined()
    expect(subject.machine.fateOf(message)).toBe('not-sent')
    expect(seqsOf(subject.pollEnvelopes())).toEqual([[1, 'later']])
    subject.receive(1, [msg(1), { t: 'ack', n: 1 }])
    subject.input({ type: 'handled', seq: 1 })
    expect(subject.pollEnvelopes()).toMatchObject([{ t: 'ack', n: 1 }])
    expect(subject.machine.takeJournalWrite()).toBeUndefined()
  })

  it('leaves its link when the journal may still hold the session, and lets nothing go before the next one', () => {
    const { subject, disk } = openClient()
    const waits = subject.send('waits')
    disk.take(subject)
    subject.input(unjournaled(true))
    expect(subject.all('link-close')).toMatchObject([{ link: 1, code: 4409, last: undefined }])
    expect(subject.poll()).toEqual([])
    expect(subject.machine.wantsLink).toBe(true)
    // Who finds the session in the journal may send it.
    expect(subject.machine.fateOf(waits)).toBe('unknown')
    expect(subject.machine.fateOf(subject.send('unwritten'))).toBe('not-sent')
    subject.input({ type: 'link-start', link: 2 })
    const [greeting] = subject.pollEnvelopes()
    expect(greeting).toMatchObject({ t: 'hello', fresh: false })
    subject.receive(2, [welcome()])
    expect(seqsOf(subject.pollEnvelopes())).toEqual([
      [1, 'waits'],
      [2, 'unwritten'],
    ])
  })

  it('is not followed by whoever finds it in that journal: the server has let in a link that came after theirs', () => {
    const { subject, disk } = openClient()
    subject.send('held')
    disk.syncAll(subject)
    subject.poll()
    subject.input(unjournaled(true))
    subject.input({ type: 'link-start', link: 2 })
    const [greeting] = subject.pollEnvelopes()
    const server = new Subject('server')
    server.input({ type: 'link-accept', link: 1, hello: greeting as HelloEnvelope })
    server.poll()

    const stale = disk.restore('client')
    for (let link = 1; link <= 100; link++) {
      disk.syncAll(stale)
      stale.input({ type: 'link-start', link })
      const [hello] = stale.pollEnvelopes()
      server.input({ type: 'link-accept', link: link + 1, hello: hello as HelloEnvelope })
      stale.endLink(link)
    }
    const refused = server.all('link-close')
    expect(refused).toHaveLength(100)
    expect(new Set(refused.map(({ code }) => code))).toEqual(new Set([4409]))
    expect(server.machine.attached).toBe(true)
  })

  it('is a server only by mistake, and then nothing changes: it would come back knowing less than its client', () => {
    const { subject } = openServer()
    subject.input(unjournaled(false))
    subject.send('waits')
    expect(subject.pollEnvelopes()).toEqual([])
    expect(subject.machine.takeJournalWrite()).toBeDefined()
  })
})
