import { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { expect, test } from 'vitest'
import { isBelow, mayWriteFrames } from '../src/frame-writer.ts'
import type { WsSocket } from '../src/ws-socket.ts'

function wsOver(connection: unknown, extensions = ''): WsSocket {
  return { _socket: connection, extensions } as WsSocket
}

test('frames are written without ws only to the connection that ws writes to', () => {
  const connection = new Socket()
  expect(mayWriteFrames(wsOver(connection), connection)).toBe(true)
  expect(mayWriteFrames(wsOver(new Socket()), connection)).toBe(false)
  expect(mayWriteFrames(wsOver(undefined), connection)).toBe(false)
})

test('frames are left to ws where it may hold some back to compress them', () => {
  const connection = new Socket()
  expect(mayWriteFrames(wsOver(connection, 'permessage-deflate'), connection)).toBe(false)
})

test('frames are left to ws where the connection is not one of Node, and may read what it has said to have written', () => {
  const connection = new Duplex() as Socket
  expect(mayWriteFrames(wsOver(connection), connection)).toBe(false)
  expect(isBelow(wsOver(connection), connection)).toBe(false)
})

test('frames are left to ws where somebody listens in on what is written, and may keep it', () => {
  const connection = new Socket()
  const { write } = connection
  connection.write = ((...given: Parameters<typeof write>) => write.apply(connection, given)) as typeof write
  expect(mayWriteFrames(wsOver(connection), connection)).toBe(false)
})
