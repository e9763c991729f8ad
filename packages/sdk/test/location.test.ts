import { expect, test } from 'vitest'
import { locationUrl } from '../src/location.ts'

test.each([
  ['wss://b.example/ws', 'wss://a.example/ws', 'wss://b.example/ws'],
  ['https://b.example/ws', 'wss://a.example/ws', 'wss://b.example/ws'],
  ['/other', 'wss://a.example/ws?x=1', 'wss://a.example/other'],
  ['//b.example:444', 'wss://a.example/', 'wss://b.example:444/'],
  ['ws://b.example/', 'ws://a.example/', 'ws://b.example/'],
  ['wss://b.example/', 'ws://a.example/', 'wss://b.example/'],
  ['wss://b.example/#part', 'wss://a.example/', 'wss://b.example/'],
])('a server may send its clients to %s from %s', (location, base, url) => {
  expect(locationUrl(location, base)).toBe(url)
})

test.each([
  ['ws://b.example/', 'wss://a.example/'],
  ['http://b.example/', 'wss://a.example/'],
  ['javascript:alert(1)', 'wss://a.example/'],
  ['http://[', 'wss://a.example/'],
  [undefined, 'wss://a.example/'],
])('and not to %s from %s', (location, base) => {
  expect(locationUrl(location, base)).toBeUndefined()
})
