import { expect, test } from 'vitest'
import { limits, type SessionConfig, SessionMachine, type SessionOutput } from '../src/index.ts'

const config: SessionConfig = {
  role: 'client',
  sid: 'sample-session-0001',
  key: 'sample-key-not-a-secret',
  window: { messages: 1024, bytes: 4_194_304 },
  maxBytes: 1_048_576,
  keepaliveMs: 15_000,
  ttlMs: 60_000,
  welcomeTimeoutMs: 10_000,
}

test('a frame that the peer’s WebSocket library refuses with 1009 is a fault, and not tried for ever (R-14, R-100)', () => {
  const machine = new SessionMachine(config)
  const outputs: SessionOutput<unknown>[] = []
  for (let link = 1; machine.wantsLink && link <= 10; link++) {
    machine.handle({ type: 'link-start', link }, 0)
    machine.pollFrame()
    machine.handle({ type: 'link-end', link, code: 1009, reason: '', clean: true, neverLeft: false }, 0)
    outputs.push(...machine.takeOutputs())
  }
  const faults = outputs.filter((output) => output.type === 'fault')
  expect(faults).toHaveLength(limits.faultsInARowMax)
  expect(faults[0]).toMatchObject({ by: 'local', code: 'frameTooLarge' })
  expect(outputs.find((output) => output.type === 'ended')).toMatchObject({
    report: { code: 'protocol-fault' },
  })
})
