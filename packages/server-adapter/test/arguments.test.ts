import { expect, test } from 'vitest'
import { type AdapterOptions, ArgumentError, closeAfterPong, createAdapter } from '../src/index.ts'

const wrong: Array<[string, unknown]> = [
  ['options', null],
  ['options', 'all'],
  ['contract', { contract: [] }],
  ['concurrency', { concurrency: 0 }],
  ['queuedBytesMax', { queuedBytesMax: 1.5 }],
  ['onFull', { onFull: 'later' }],
  ['halfOpen', { halfOpen: 1 }],
  ['trace', { trace: 'console' }],
  ['authenticate', { authenticate: 'token' }],
  ['authenticateTimeoutMs', { authenticateTimeoutMs: 0 }],
  ['allowedOrigins', { allowedOrigins: 'https://app.example' }],
  ['https://app.example/', { allowedOrigins: ['https://app.example/'] }],
  ['https://app.example:443', { allowedOrigins: ['https://app.example:443'] }],
  ['5', { allowedOrigins: [5] }],
  ['ttlMs', { ttlMs: -1 }],
  ['keepaliveMs', { keepaliveMs: 0 }],
  ['helloTimeoutMs', { helloTimeoutMs: 2 ** 31 }],
  ['window', { window: 'wide' }],
  ['window.messages', { window: { messages: 100_000 } }],
  ['window.bytes', { window: { bytes: 1 } }],
  ['maxBytes', { maxBytes: 100 }],
  ['sessionsMax', { sessionsMax: 0 }],
  ['sessionsPerIdentityMax', { sessionsPerIdentityMax: 0 }],
  ['addressOf', { addressOf: '127.0.0.1' }],
  ['"ttl"', { ttl: 5 }],
]

test.each(wrong)('createAdapter() refuses a wrong option and names it: %s, %j', (name, options) => {
  expect(() => createAdapter(options as AdapterOptions)).toThrowError(ArgumentError)
  try {
    createAdapter(options as AdapterOptions)
  } catch (error) {
    expect((error as ArgumentError).message).toContain(name)
    expect((error as ArgumentError).remedy).toBeTruthy()
  }
})

test('origins that are no web addresses are taken as they are', () => {
  createAdapter({
    allowedOrigins: ['null', 'capacitor://localhost', 'https://app.example:8443', 'http://localhost:3000'],
  })
})

test.each([
  ['onSession', () => createAdapter().onSession({} as never)],
  ['on, with an event that there is not', () => createAdapter().on('session' as never, () => {})],
  ['on, without a listener', () => createAdapter().on('refused', undefined as never)],
  ['connection', () => createAdapter().connection('chat' as never)],
])('%s refuses a wrong argument at the call', (_, call) => {
  expect(call).toThrowError(ArgumentError)
})

test('closeAfterPong says what it needs, of what is no socket', () => {
  for (const none of [{}, undefined, null, 'socket', { ping: () => {} }]) {
    expect(() => closeAfterPong(none as never)).toThrowError(
      expect.objectContaining({
        code: 'argument-invalid',
        remedy: expect.stringContaining('connection event'),
      }),
    )
  }
})
