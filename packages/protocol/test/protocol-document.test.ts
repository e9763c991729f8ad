import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { conversations } from './conversation.ts'
import { differencesOf, ruleFaults, samplesOf } from './protocol-document.ts'

const document = readFileSync(new URL('../../../PROTOCOL.md', import.meta.url), 'utf8')
const citedByVectors = conversations.flatMap(({ rules }) => rules)

describe('PROTOCOL.md', () => {
  it('says what the code does: close codes, reset codes, limits, defaults, envelopes, fields, samples', () => {
    expect(differencesOf(document)).toEqual([])
  })

  it('numbers each rule once, and every rule that is cited is there', () => {
    expect(ruleFaults(document, citedByVectors)).toEqual([])
  })

  it('is cited by every conversation', () => {
    expect(conversations.filter(({ rules }) => rules.length === 0).map(({ name }) => name)).toEqual([])
  })

  it('shows the conversations that an implementer needs first', () => {
    expect(samplesOf(document)).toEqual([
      'answer-and-close',
      'early-frame',
      'cut-and-resume',
      'close-across-a-cut',
      'farewell',
      'takeover',
      'half-close',
      'binary-message',
      'request-refused',
    ])
  })

  it('names no promise that it does not state', () => {
    const stated = [...document.matchAll(/^- \*\*P(\d+) /gm)].map((match) => Number(match[1]))
    expect(stated).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    for (const [, n] of document.matchAll(/\bP(\d+)\b/g)) expect(stated).toContain(Number(n))
  })
})

describe('a difference is found when', () => {
  const cases: [what: string, from: string | RegExp, to: string, difference: string][] = [
    [
      'a close code has another number',
      '| 4405 | `sequenceGap`',
      '| 4415 | `sequenceGap`',
      'close code 4405',
    ],
    ['a close code is missing', /^\| 4408 .*\n/m, '', 'close code 4408 keepaliveTimeout'],
    ['a close code is made up', '| 4414 |', '| 4499 | `other` | x | y |\n| 4414 |', 'close code 4499 other'],
    [
      'a fault is not marked as one',
      '*fault*: a `seq` was left out',
      'a `seq` was left out',
      'sequenceGap, a fault',
    ],
    ['a reset code is missing', /^\| `sessions-full` .*\n/m, '', 'reset code sessions-full'],
    [
      'a reset code is made up',
      '| `shutdown` |',
      '| `tired` | both | x |\n| `shutdown` |',
      'reset code tired',
    ],
    ['a limit is another', '| `depthMax` | 64 |', '| `depthMax` | 65 |', 'limit depthMax = 64'],
    ['a limit is missing', /^\| `earlyCharsMax` \| .*\n/m, '', 'limit earlyCharsMax'],
    ['a limit is made up', '| `depthMax` |', '| `widthMax` | 1 | x |\n| `depthMax` |', 'limit widthMax'],
    ['a default is another', '| `ttlMs` | 60000 |', '| `ttlMs` | 30000 |', 'default ttlMs = 60000'],
    ['a default is missing', /^\| `lingerMs` \| .*\n/m, '', 'default lingerMs'],
    ['an envelope is missing', '### `cancel`', '### Cancel', 'envelope cancel'],
    ['an envelope is made up', '### `cancel`', '### `later`\n\n### `cancel`', 'envelope later'],
    ['a field is missing', /^\| `resumed` .*\n/m, '', 'field welcome.resumed'],
    [
      'a field is made up',
      '| `resumed` |',
      '| `extra` | no | json | x |\n| `resumed` |',
      'field welcome.extra',
    ],
    ['a field is optional in one', '| `link` | yes |', '| `link` | no |', 'field hello.link: required'],
    ['a field has another type', '| `ask` | no | boolean |', '| `ask` | no | json |', 'field msg.ask'],
    ['a field has another bound', 'string 1..chCharsMax', 'string 0..chCharsMax', 'field msg.ch'],
    ['a field in a field is missing', /^\| `err\.message` .*\n/m, '', 'field msg.err.message'],
    ['a row stands twice', /^(\| `shutdown` .*\n)/m, '$1$1', '(twice)'],
    ['a sample is not its vector', '(has handled 1)', '(has handled 7)', 'the ladder is not the vector'],
    [
      'a frame is not its vector',
      '{"from":"server","close":1000}',
      '{"from":"server","close":1001}',
      'frames are not',
    ],
  ]
  for (const [what, from, to, difference] of cases) {
    it(what, () => {
      const changed = document.replace(from, to)
      expect(changed).not.toBe(document)
      expect(differencesOf(changed).join('\n')).toContain(difference)
    })
  }

  it('a rule stands twice', () => {
    expect(ruleFaults(document.replace('- **R-2** ', '- **R-1** '), [])).toContain('R-1 stands twice')
  })

  it('a rule is cited and not there', () => {
    expect(ruleFaults(document, ['R-9999'])).toEqual(['R-9999 is cited and not there'])
  })
})
