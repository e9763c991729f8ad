import { expect, test } from 'vitest'
import { drawPage, drawText, type TraceLine } from '../src/index.ts'
import { tracesOf, Writer } from './lines.ts'

const tag = '<script>alert(1)</script><img src=x onerror=alert(1)>"\'&'
const escapes = '\u001b]0;owned\u0007\u001b[2J\r\n\u202egnp.exe\u2066\u0000\u009b31m'

function hostileLines(text: string): TraceLine[] {
  return new Writer('client', `sid ${text}`)
    .frame(0, 'out', [
      { t: 'hello', link: 1, fresh: true, got: text, agent: text } as { t: string },
      {
        t: 'msg',
        seq: text,
        id: text,
        ch: text,
        re: text,
        err: { code: text },
        d: { text },
        ask: true,
      } as never,
      { t: 'ack', n: text, also: [[text, text], text, [1, 1e300]] } as never,
      { t: 'fin', seq: 3, code: text, reason: text } as never,
      { t: 'reset', code: text, reason: text } as never,
      { t: 'cancel', re: { deep: [text] } } as never,
      { t: 'note', ch: text } as never,
      { t: 'ping', k: text } as never,
      { t: 'away', after: text, reason: text } as never,
      { t: text },
      { t: '__proto__', constructor: text } as never,
    ])
    .ended(1, 1, 1006, text).lines
}

const notes = (text: string) => ({ files: [text], skipped: 1, examples: [`${text}:1: is not JSON`] })

test('whatever a trace says is text in the page, never markup', () => {
  const page = [...drawPage(tracesOf(hostileLines(tag)), notes('t'), tag)].join('')
  expect(page).toContain('&lt;script&gt;alert(1)')
  expect(page).not.toMatch(/<script|<img|alert\(1\)[^<]*"'/)
  // Nothing that was not written by the page itself opens an element, or an attribute.
  const elements = new Set([...page.matchAll(/<([a-z0-9]+)/g)].map((match) => match[1]))
  expect([...elements].sort()).toEqual(
    'body code dd details div dl dt em h1 h2 head html li main meta ol p pre section span style summary title ul'.split(
      ' ',
    ),
  )
})

test('the page asks for nothing from anywhere', () => {
  const page = [...drawPage(tracesOf(hostileLines('https://evil.example/x.png')), notes('t'), 't')].join('')
  expect(page).not.toMatch(/\b(src|href)="(?!#)|@import|url\(/)
  expect(page).toContain("default-src 'none'")
})

test('nothing in a trace moves a terminal or turns the direction of writing', () => {
  const text = [...drawText(tracesOf(hostileLines(escapes)), notes('t'), escapes)].join('')
  const page = [...drawPage(tracesOf(hostileLines(escapes)), notes('t'), escapes)].join('')
  for (const drawn of [text, page]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(drawn).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
    expect(drawn).toContain('\\u{001b}')
  }
})

test('reasons, names and payloads of any length are cut, and say so', () => {
  const huge = 'x'.repeat(1_000_000)
  const page = [...drawPage(tracesOf(hostileLines(huge)), notes('t'), huge)].join('')
  expect(page.length).toBeLessThan(50_000)
  expect(page).toContain('… (1000000 characters)')
})

test('numbers that no session would say take no time and no memory', () => {
  const lines = new Writer('client').frame(0, 'in', [
    {
      t: 'ack',
      n: Number.MAX_SAFE_INTEGER,
      also: Array.from({ length: 1000 }, (_, i) => [i * 1e9, i * 1e9 + 1e8]),
    } as never,
    { t: 'ack', n: -1, also: [[5, 1]] } as never,
  ]).lines
  const text = [...drawText(tracesOf(lines), { files: ['t'], skipped: 0, examples: [] }, 't')].join('')
  expect(text).toContain(`handled: 1 to ${Number.MAX_SAFE_INTEGER}`)
  expect(text).toContain('nothing new')
})
