import type { RawData, WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import { candidatesOf, chunksOf } from '../payloads.ts'
import { makeAnswer } from '../peers.ts'
import { rowById } from '../rows.ts'
import { type BareMessage, decode, encode } from './bare-message.ts'
import { peerKeptMs, type ServerStack } from './server-stack.ts'

/** A server over `ws` that answers with `send()` and closes with `close()`. */
export const closingServer: ServerStack = (server, { patienceMs }) => {
  const closeTimeout = patienceMs === undefined ? {} : { closeTimeout: patienceMs }
  serve(new WebSocketServer({ server, ...closeTimeout }), (socket) => socket.close(1000))
}

/** A server over `ws` that answers with `send()` and ends with `terminate()`, at once or after some patience. */
export const terminatingServer: ServerStack = (server, { patienceMs }) => {
  serve(new WebSocketServer({ server }), (socket) => {
    if (patienceMs === undefined) socket.terminate()
    else setTimeout(() => socket.terminate(), patienceMs)
  })
}

function serve(webSocketServer: WebSocketServer, leave: (socket: WebSocket) => void): void {
  webSocketServer.on('connection', (socket) => {
    // A reset by the peer or the proxy is part of the demo; the client counts what it did.
    socket.on('error', () => {})
    socket.on('message', (data: RawData, binary: boolean) => {
      if (binary) return
      const message = decode(data.toString())
      if (message.type === 'offer') void answer(socket, message, leave)
    })
  })
}

async function answer(
  socket: WebSocket,
  offer: Extract<BareMessage, { type: 'offer' }>,
  leave: (socket: WebSocket) => void,
): Promise<void> {
  const row = rowById(offer.row)
  const peer = await makeAnswer(offer.sdp)
  for (const chunk of chunksOf(row.backlogBytes ?? 0)) socket.send(chunk)
  for (const candidate of candidatesOf(row.candidateBytes ?? 0))
    socket.send(encode({ type: 'candidate', candidate }))
  if (row.closesEarly) socket.send(encode({ type: 'accepted' }))
  socket.send(encode({ type: 'answer', sdp: peer.sdp }))
  leave(socket)
  if (row.exits) process.exit(0)
  if (offer.talks) setTimeout(() => peer.close(), peerKeptMs).unref()
  else peer.close()
}
