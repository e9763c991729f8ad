import { expect, test } from 'vitest'
import { Alarms, type Sleeper } from '../src/alarms.ts'
import type { Platform } from '../src/platform.ts'

/** A platform whose time goes on only when it is told to. */
function fakePlatform() {
  let now = 0
  let timers: Array<{ at: number; callback: () => void; keepAlive: boolean }> = []
  const reports: unknown[] = []
  const platform: Platform = {
    now: () => now,
    setTimer(ms, callback, keepAlive) {
      const timer = { at: now + ms, callback, keepAlive }
      timers.push(timer)
      return () => {
        timers = timers.filter((one) => one !== timer)
      }
    },
    endOfTurn: (callback) => callback(),
    report: (error) => reports.push(error),
    warn() {},
  }
  function goTo(time: number): void {
    for (;;) {
      const next = timers.sort((a, b) => a.at - b.at)[0]
      if (next === undefined || next.at > time) break
      timers = timers.filter((one) => one !== next)
      now = next.at
      next.callback()
    }
    now = time
  }
  return { platform, goTo, reports, timers: () => timers }
}

function sleeper(onWake: () => void): Sleeper {
  return { alarmIndex: -1, wake: onWake }
}

test('each sleeper is woken when its time has come, the earliest first, whatever was set or cleared between', () => {
  const { platform, goTo } = fakePlatform()
  const alarms = new Alarms(platform)
  const woken: number[] = []
  const times = Array.from({ length: 200 }, (_, index) => ((index * 7919) % 200) + 1)
  const sleepers = times.map((at) => sleeper(() => woken.push(at)))
  for (const [index, one] of sleepers.entries()) alarms.set(one, times[index] as number)
  const cleared = new Set<number>()
  for (let index = 0; index < 200; index += 3) {
    alarms.clear(sleepers[index] as Sleeper)
    cleared.add(times[index] as number)
  }
  goTo(100)
  const due = times.filter((at) => !cleared.has(at)).sort((a, b) => a - b)
  expect(woken).toEqual(due.filter((at) => at <= 100))
  goTo(1000)
  expect(woken).toEqual(due)
  expect(sleepers.every(({ alarmIndex }) => alarmIndex === -1)).toBe(true)
})

test('there is one timer for all of them, none for nobody, and it never keeps the process alive', () => {
  const { platform, goTo, timers } = fakePlatform()
  const alarms = new Alarms(platform)
  const [a, b] = [sleeper(() => {}), sleeper(() => {})] as const
  alarms.set(a, 50)
  alarms.set(b, 20)
  expect(timers().map(({ at, keepAlive }) => ({ at, keepAlive }))).toEqual([{ at: 20, keepAlive: false }])
  goTo(30)
  expect(timers().map(({ at }) => at)).toEqual([50])
  alarms.clear(a)
  expect(timers()).toEqual([])
})

test('a sleeper that throws does not keep the others from waking, and may set its alarm again', () => {
  const { platform, goTo, reports } = fakePlatform()
  const alarms = new Alarms(platform)
  const woken: string[] = []
  const again = sleeper(() => {
    woken.push('again')
    if (woken.length < 3) alarms.set(again, platform.now() + 10)
  })
  alarms.set(
    sleeper(() => {
      throw new Error('on purpose')
    }),
    5,
  )
  alarms.set(again, 5)
  goTo(100)
  expect(woken).toEqual(['again', 'again', 'again'])
  expect(reports).toEqual([new Error('on purpose')])
})
