import { until } from '@lastword/testkit'
import { describe, expect, it } from 'vitest'
import { ended } from './harness.ts'
import { roundOf, serveHttp } from './http-harness.ts'

describe('a round that is repeated on its way', () => {
  it('is taken in once, and answered alike while it is under way', async () => {
    const { came, post } = await serveHttp()
    await post('poll', roundOf(0))
    const first = post('poll', roundOf(1, ['["once"]']))
    await until(() => came[0]?.heard.frames.length === 1, { what: 'the frame' })
    const second = post('poll', roundOf(1, ['["once"]']))
    came[0]?.link.send('["answer"]')
    expect((await first).frames).toEqual(['["answer"]'])
    expect((await second).frames).toEqual(['["answer"]'])
    expect(came[0]?.heard.frames).toEqual(['["once"]'])
  })

  it('is answered alike once more when it was answered', async () => {
    const { came, post } = await serveHttp()
    await post('poll', roundOf(0))
    came[0]?.link.send('["answer"]')
    expect((await post('poll', roundOf(1, ['["once"]']))).frames).toEqual(['["answer"]'])
    expect((await post('poll', roundOf(1, ['["once"]']))).frames).toEqual(['["answer"]'])
    expect(came[0]?.heard.frames).toEqual(['["once"]'])
  })

  it('opens no second link', async () => {
    const { came, post } = await serveHttp()
    const answers = await Promise.all([post('poll', roundOf(0)), post('poll', roundOf(0))])
    for (const { control } of answers) expect(control).toEqual({ protocol: 'test' })
    expect(came).toHaveLength(1)
  })

  it('is nothing to a link that has gone on long since', async () => {
    const { came, post } = await serveHttp()
    await post('poll', roundOf(0))
    for (let n = 1; n <= 3; n++) {
      came[0]?.link.send(`["${n}"]`)
      await post('poll', roundOf(n))
    }
    expect(await post('poll', roundOf(0))).toMatchObject({ status: 409 })
    came[0]?.link.send('["still here"]')
    expect((await post('poll', roundOf(4))).frames).toEqual(['["still here"]'])
  })
})

it('a link whose client has closed is over, clean, when its answer has left', async () => {
  const { came, post } = await serveHttp()
  await post('poll', roundOf(0))
  const { control } = await post('poll', roundOf(1, ['["last"]'], { close: [1000, 'done'] }))
  expect(control).toEqual({ close: [1000, 'done'] })
  const heard = came[0]?.heard
  if (heard === undefined) throw new Error('there is no link')
  expect(await ended(heard)).toMatchObject({ code: 1000, reason: 'done', clean: true, flushed: true })
  expect(await post('poll', roundOf(2))).toMatchObject({ status: 410 })
})

it('rounds count in the order of their numbers, however they come', async () => {
  const { came, post, requests } = await serveHttp()
  await post('poll', roundOf(0))
  const later = post('poll', roundOf(2, ['["second"]'], { close: [1000, ''] }))
  await until(() => requests.length === 2, { what: 'the round that comes too early' })
  const sooner = post('poll', roundOf(1, ['["first"]']))
  await Promise.all([sooner, later])
  expect(came[0]?.heard.frames).toEqual(['["first"]', '["second"]'])
  expect(await until(() => came[0]?.heard.end, { what: 'the end' })).toMatchObject({
    code: 1000,
    clean: true,
  })
})
