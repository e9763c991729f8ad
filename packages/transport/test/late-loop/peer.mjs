import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { parentPort, workerData } from 'node:worker_threads'
import { WebSocket, WebSocketServer } from 'ws'

/**
 * The other end of a connection, in a thread of its own, so that it goes on while the test's event loop is blocked.
 * It answers nothing by itself. At `go` it sends its messages and resets the connection behind them, and says by
 * `flag` that both lie in the kernel of the other end.
 */
const { flag, messages, messageBytes } = workerData

/** @type {import('node:net').Socket | undefined} */
let raw
/** @type {WebSocket | undefined} */
let socket

function met(webSocket, rawSocket) {
  socket = webSocket
  raw = rawSocket
  // It reads nothing, so that what the test sends does not all leave, and answers nothing.
  socket.pause()
  socket.on('error', () => {})
  raw.on('error', () => {})
  parentPort?.postMessage('met')
}

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', autoPong: false })
server.on('listening', () => parentPort?.postMessage(server.address().port))
server.on('connection', (webSocket, request) => met(webSocket, request.socket))

function connectTo(port, secure) {
  const tcp = connect(port, '127.0.0.1')
  const createConnection = () => (secure ? connectTls({ socket: tcp, rejectUnauthorized: false }) : tcp)
  const webSocket = new WebSocket(`${secure ? 'wss' : 'ws'}://localhost:${port}`, {
    autoPong: false,
    perMessageDeflate: false,
    createConnection,
  })
  webSocket.on('error', () => {})
  webSocket.on('open', () => met(webSocket, tcp))
}

function sendAndReset() {
  let left = messages
  for (let n = 0; n < messages; n += 1) {
    socket?.send(String(n).padEnd(messageBytes), () => {
      left -= 1
      if (left > 0) return
      // Behind the turn in which the kernel took it.
      setImmediate(() => {
        raw?.resetAndDestroy()
        setImmediate(() => {
          Atomics.store(flag, 0, 1)
          Atomics.notify(flag, 0)
        })
      })
    })
  }
}

parentPort?.on('message', (told) => {
  if (told === 'go') sendAndReset()
  else connectTo(told.port, told.secure)
})
