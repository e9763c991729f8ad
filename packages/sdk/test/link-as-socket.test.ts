import type { Link, LinkEnd, LinkEvents } from '@lastword/transport'
import { expect, it } from 'vitest'
import { linkAsSocket } from '../src/link-as-socket.ts'

/** A link that writes down what is done to it, and whose events a test calls. */
function scriptedLink() {
  const done: unknown[] = []
  let events!: LinkEvents
  const link = {
    bufferedBytes: 7,
    attach(given: LinkEvents) {
      events = given
    },
    send: (frame: unknown) => done.push(['send', frame]),
    close: (code: number, reason: string) => Promise.resolve(done.push(['close', code, reason])),
  } as unknown as Link
  const socket = linkAsSocket(link)
  return { socket, done, events: () => events }
}

it('a link as a socket tells what happens as a WebSocket does, bytes in a buffer of their own', () => {
  const { socket, events } = scriptedLink()
  const told: unknown[] = []
  socket.onopen = () => told.push('open')
  socket.onmessage = ({ data }: { data: unknown }) => told.push(data)
  socket.onclose = ({ code, reason, wasClean }: CloseEvent) => told.push([code, reason, wasClean])
  events().onOpen()
  events().onFrame('text', 4)
  events().onFrame(new Uint8Array([1, 2, 3, 4]).subarray(1, 3), 2)
  events().onEnd({ code: 4409, reason: 'why', clean: true } as LinkEnd)
  expect(told).toEqual(['open', 'text', new Uint8Array([2, 3]).buffer, [4409, 'why', true]])
  expect(socket.bufferedAmount).toBe(7)
})

it('a link as a socket hands over and closes, as 1000 if no code is given, and tells nobody who does not listen', () => {
  const { socket, done, events } = scriptedLink()
  socket.send('text')
  socket.close()
  socket.close(4409, 'moved')
  events().onOpen()
  events().onDrain()
  events().onFrame('lost', 4)
  events().onEnd({ code: 1000, reason: '', clean: true } as LinkEnd)
  expect(done).toEqual([
    ['send', 'text'],
    ['close', 1000, ''],
    ['close', 4409, 'moved'],
  ])
})
