import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { stillMs } from '../matrix.ts'
import { answerOf, uploadChunks } from '../payloads.ts'
import { addressOf } from '../plan.ts'
import type { PlayRound } from './round.ts'

/** A client over `ws`, as its documentation shows it: bare, and behind `closeAfterPong`, of which it knows nothing. */
export const playPlainRound: PlayRound = ({ plan, port, ca, deadlineMs }, together) => {
  const { cell, round } = plan
  return new Promise((resolve) => {
    const socket = new WebSocket(addressOf(port, plan), { ca })
    let rawSocket: Socket | undefined
    let problem = ''
    const deadline = setTimeout(() => finish(false, `nothing came for ${deadlineMs} ms`), deadlineMs)

    socket.on('upgrade', (response) => {
      rawSocket = response.socket
    })
    socket.on('open', () => void together.connected().then(ask))
    socket.on('message', (data) => {
      const whole = Buffer.isBuffer(data) && data.equals(answerOf(cell.size))
      finish(whole, 'the answer was not the one that was sent')
    })
    socket.on('error', (error) => {
      if (problem === '') problem = `, ${error.message}`
    })
    socket.on('close', (code) => finish(false, `closed with ${code}${problem}`))

    function ask(): void {
      if (socket.readyState === socket.OPEN) {
        socket.send('ask')
        if (cell.condition === 'upload') for (const chunk of uploadChunks()) socket.send(chunk, () => {})
        if (cell.condition === 'half-close-client') rawSocket?.end()
        if (cell.condition === 'paused') {
          socket.pause()
          setTimeout(() => socket.resume(), stillMs)
        }
      }
      together.asked()
    }

    function finish(delivered: boolean, why: string): void {
      clearTimeout(deadline)
      resolve(delivered ? { round, delivered } : { round, delivered, why })
      // The round is decided; what is still under way would only slow down the next one.
      socket.terminate()
    }
  })
}
