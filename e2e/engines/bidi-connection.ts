import { WebSocket } from 'ws'
import { commandDeadlineMs } from './engine.ts'

/** A connection to a browser that speaks WebDriver BiDi. */
export interface BidiConnection {
  /** Sends a command and resolves with its result. Rejects with what the browser says, or if it says nothing. */
  command(method: string, params: object): Promise<BidiResult>
  /** Drops the connection. */
  close(): void
}

// biome-ignore lint/suspicious/noExplicitAny: each command has its own result, as the standard says.
export type BidiResult = any

interface Waiting {
  resolve(result: BidiResult): void
  reject(error: Error): void
}

/** Connects to a browser's WebDriver BiDi server and opens the session that it has to offer. */
export async function connectBidi(url: string): Promise<BidiConnection> {
  const socket = new WebSocket(url, { handshakeTimeout: commandDeadlineMs })
  const waiting = new Map<number, Waiting>()
  let lastId = 0
  let lost: Error | undefined

  socket.on('message', (data) => {
    const message = JSON.parse(String(data))
    const command = waiting.get(message.id)
    if (command === undefined) return
    if (message.type === 'success') command.resolve(message.result)
    else command.reject(new Error(`${message.error}: ${message.message}`))
  })
  const opened = new Promise<void>((resolve, reject) => {
    socket.on('open', resolve)
    socket.on('error', (error) => {
      lost ??= error
    })
    socket.on('close', (code) => {
      lost ??= new Error(`the browser closed its WebDriver connection with ${code}`)
      reject(lost)
      for (const command of waiting.values()) command.reject(lost)
    })
  })
  await opened

  return {
    command(method, params) {
      return new Promise((resolve, reject) => {
        if (lost) return reject(lost)
        const id = ++lastId
        const settle = (act: () => void) => {
          clearTimeout(timer)
          waiting.delete(id)
          act()
        }
        const timer = setTimeout(() => {
          settle(() => reject(new Error(`the browser did not answer ${method} in ${commandDeadlineMs} ms`)))
        }, commandDeadlineMs)
        waiting.set(id, {
          resolve: (result) => settle(() => resolve(result)),
          reject: (error) => settle(() => reject(new Error(`${method}: ${error.message}`))),
        })
        socket.send(JSON.stringify({ id, method, params }))
      })
    },
    close() {
      socket.terminate()
    },
  }
}
