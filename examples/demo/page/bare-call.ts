import type { Answer } from '../serve/news.ts'
import { patienceMs, statisticsCount } from '../serve/situations.ts'
import { type CallPlan, callMs, type PlayedCall, statisticsOf } from './call-plan.ts'

/** A call over a bare WebSocket, as it is often written. */
export function bareCall(plan: CallPlan): PlayedCall {
  const { situation } = plan
  const socket = new WebSocket(plan.url)
  let left: () => void = () => {}
  const leaving = new Promise<void>((resolve) => {
    left = resolve
  })
  let up: Promise<void> | undefined
  const ended = new Promise<void>((resolve) => {
    socket.onclose = () => resolve()
  })
  const deadline = setTimeout(() => socket.close(), callMs)

  socket.onopen = () => {
    void plan.connected().then(() => {
      socket.send(JSON.stringify({ sdp: plan.offer }))
      if (situation.id === 'reload') return
      sendStatistics(statisticsCount)
      if (situation.id === 'client-closes') socket.close()
      if (situation.id === 'block') setTimeout(() => socket.close(), patienceMs)
    })
  }
  socket.onmessage = ({ data }) => {
    up = plan.answered(JSON.parse(data) as Answer)
    if (situation.id === 'reload') void up.then(leave)
  }

  /** On a socket that is not open any more `send` would do nothing; what waits for another one goes with the page. */
  function sendStatistics(count: number): void {
    if (socket.readyState !== WebSocket.OPEN) return
    for (let sent = 0; sent < count; sent++) socket.send(statisticsOf(situation.statisticsBytes))
  }

  async function leave(): Promise<void> {
    sendStatistics(1)
    await plan.cut()
    sendStatistics(statisticsCount - 1)
    socket.close()
    left()
  }

  async function end(): Promise<void> {
    await ended
    clearTimeout(deadline)
    await up
  }

  return { leaving, over: end() }
}
