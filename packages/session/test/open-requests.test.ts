import { describe, expect, test } from 'vitest'
import { Delivery } from '../src/delivery.ts'
import { MessageIds } from '../src/message-ids.ts'
import { OpenRequests, recentSpanMax } from '../src/open-requests.ts'

describe('ids', () => {
  test('the number of an id is found again, and of nothing else', () => {
    const ids = new MessageIds('prefix')
    for (let number = 1; number <= 3000; number++) expect(ids.numberOf(ids.next())).toBe(number)
    for (const id of ['', 'prefix', 'prefix.', 'prefix.0', 'prefix.01', 'prefix.A', 'prefix.1!', 'prefix.-1'])
      expect(ids.numberOf(id)).toBe(0)
    for (const id of ['other.1', 'prefix.zzzzzzzzzzz', 'prefix.1.1', ' prefix.1']) {
      expect(ids.numberOf(id)).toBe(0)
    }
    expect(ids.numberOf('prefix.zzzzzzzzzz')).toBe(36 ** 10 - 1)
  })
})

describe('open requests', () => {
  test('a request is found by its id until it is taken', () => {
    const { ids, requests } = noRequests()
    const [first, second] = [add(), add()]
    expect(requests.get(first.id)).toBe(first)
    expect(requests.take(first.id)).toBe(first)
    expect(requests.take(first.id)).toBeUndefined()
    expect(requests.get(second.id)).toBe(second)
    expect(requests.size).toBe(1)

    function add(): Delivery {
      const delivery = deliveryOf(ids.next())
      requests.add(delivery, ids.count)
      return delivery
    }
  })

  test('an id of the application is found beside the own ones, also if it looks like one', () => {
    const { ids, requests } = noRequests()
    const own = deliveryOf(ids.next())
    requests.add(own, ids.count)
    const given = ['order-17', 'prefix.zz'].map(deliveryOf)
    for (const delivery of given) requests.add(delivery, 0)
    for (const delivery of [own, ...given]) expect(requests.get(delivery.id)).toBe(delivery)
    expect(requests.all()).toHaveLength(3)
    for (const delivery of [own, ...given]) requests.delete(delivery)
    expect(requests.size).toBe(0)
    expect(requests.all()).toEqual([])
  })

  test('one that very many others have overtaken is still found', () => {
    const { ids, requests } = noRequests()
    const slow = deliveryOf(ids.next())
    requests.add(slow, ids.count)
    for (let sent = 0; sent <= recentSpanMax; sent++) {
      const quick = deliveryOf(ids.next())
      requests.add(quick, ids.count)
      expect(requests.take(quick.id)).toBe(quick)
    }
    expect(requests.get(slow.id)).toBe(slow)
    expect(requests.all()).toEqual([slow])
    expect(requests.take(slow.id)).toBe(slow)
    expect(requests.size).toBe(0)
  })

  test('one behind very many messages that are no requests is still found, and so is the next', () => {
    const { ids, requests } = noRequests()
    const before = deliveryOf(ids.next())
    requests.add(before, ids.count)
    for (let sent = 0; sent < 3 * recentSpanMax; sent++) ids.next()
    const behind = deliveryOf(ids.next())
    requests.add(behind, ids.count)
    expect(requests.all()).toEqual([before, behind])
    expect(requests.take(behind.id)).toBe(behind)
    expect(requests.take(before.id)).toBe(before)
  })

  test('deleting one leaves another that has its id', () => {
    const { requests } = noRequests()
    const [first, second] = [deliveryOf('twice'), deliveryOf('twice')]
    requests.add(first, 0)
    requests.add(second, 0)
    requests.delete(first)
    expect(requests.get('twice')).toBe(second)
  })
})

function noRequests(): { ids: MessageIds; requests: OpenRequests } {
  const ids = new MessageIds('prefix')
  return { ids, requests: new OpenRequests(ids) }
}

function deliveryOf(id: string): Delivery {
  return new Delivery(id, 'name', true, false, ignore, ignore)
}

function ignore(): void {}
