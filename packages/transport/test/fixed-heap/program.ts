import { createHash } from 'node:crypto'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { WebSocketServer } from 'ws'
import { createNodeLink, type Link, nodeLinkOpener } from '../../src/node.ts'

/**
 * Runs in a process with a small heap. 1 GiB goes through one link, in one direction, while the other end stops
 * again and again. Writes what it took.
 */

const mebibyte = 1024 * 1024
const frameBytes = 64 * 1024
const total = Number(process.argv[3]) * mebibyte
let mostResident = 0
let mostHeld = 0

function measure(link: Link): void {
  mostResident = Math.max(mostResident, process.memoryUsage.rss())
  mostHeld = Math.max(mostHeld, link.bufferedBytes)
  // Far above every bound: there is nothing more to learn, and no reason to take the machine's memory.
  if (mostResident > residentAtStart + 500 * mebibyte) finish(0, 0)
}

function finish(moved: number, stops: number): void {
  const start = Math.round(residentAtStart / mebibyte)
  console.log(
    JSON.stringify({ moved, stops, mostHeld, grownMiB: Math.round(mostResident / mebibyte) - start }),
  )
  process.exit(0)
}

/** A link whose peer, a bare TCP socket, stops reading again and again, each time until the link has felt it. */
function sendToStallingPeer(): void {
  const frame = new Uint8Array(frameBytes)
  let link: Link | undefined
  let sent = 0
  let received = 0
  let stops = 0

  function fill(): void {
    while (link?.writable && sent < total) {
      link.send(frame)
      sent += frameBytes
      measure(link)
    }
  }

  function stall(socket: Socket): void {
    stops += 1
    socket.pause()
    const wait = setInterval(() => {
      if (link?.writable && sent < total) return
      clearInterval(wait)
      socket.resume()
    }, 1)
  }

  const server = createServer((socket) => {
    socket.once('data', (head) => {
      const key = /sec-websocket-key: (.*)\r/i.exec(String(head))?.[1]
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
          `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
      )
      stall(socket)
      socket.on('data', (chunk) => {
        received += chunk.length
        if (received >= total) finish(sent, stops)
        else if (received >= (stops * total) / 16) stall(socket)
      })
    })
  })
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo
    // Masking 1 GiB takes longer than sending it.
    link = nodeLinkOpener({ generateMask: () => {} })(`ws://127.0.0.1:${port}`, { protocols: [] })
    link.attach({ onOpen: fill, onFrame: () => {}, onDrain: fill, onEnd: () => process.exit(3) })
  })
}

/** A link whose application pauses again and again, each time until the peer can send no more. */
function receiveSlowly(): void {
  const sockets = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  let peer: Socket | undefined
  sockets.on('listening', () => {
    peer = pushTo((sockets.address() as AddressInfo).port)
  })
  sockets.on('connection', (socket, request) => {
    const link = createNodeLink(socket, { rawSocket: request.socket })
    let received = 0
    let stops = 0

    function pauseUntilThePeerIsStuck(): void {
      stops += 1
      link.pause()
      let before = -1
      const wait = setInterval(() => {
        measure(link)
        if (!peer || peer.bytesWritten - peer.writableLength !== before) {
          before = peer ? peer.bytesWritten - peer.writableLength : -1
          return
        }
        clearInterval(wait)
        link.resume()
      }, 10)
    }

    link.attach({
      onOpen: () => {},
      onFrame(_, bytes) {
        received += bytes
        measure(link)
        if (received >= total) finish(received, stops)
        else if (received >= ((stops + 1) * total) / 17) pauseUntilThePeerIsStuck()
      },
      onDrain: () => {},
      onEnd: () => process.exit(3),
    })
  })
}

/** Sends without end, as fast as its socket takes it. */
function pushTo(port: number): Socket {
  const peer = connect(port, '127.0.0.1')
  peer.write(
    'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  // A masked binary frame; a mask of zeros changes nothing.
  const head = Buffer.from([0x82, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
  head.writeUInt32BE(frameBytes, 6)
  const frame = Buffer.concat([head, Buffer.alloc(frameBytes)])
  const push = () => {
    while (peer.write(frame));
  }
  peer.once('data', () => {
    push()
    peer.on('drain', push)
  })
  return peer
}

const residentAtStart = process.memoryUsage.rss()
if (process.argv[2] === 'send') sendToStallingPeer()
else receiveSlowly()
