import type { IncomingMessage as HttpRequest } from 'node:http'
import { isIPv6 } from 'node:net'

/**
 * The address of the other end of the connection, as sessions are counted by it: IPv4 as it stands, also where it comes
 * dressed as IPv6, and of IPv6 the first 64 bits, since whoever has one such address commonly has all that begin with
 * them. Empty where the connection has no address, as those of a Unix domain socket.
 */
export function clientAddress(request: HttpRequest): string {
  const address = request.socket.remoteAddress ?? ''
  if (!address.includes(':')) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return mapped
  return isIPv6(address) ? networkOf(address) : address
}

function networkOf(address: string): string {
  const [head = '', tail] = address.replace(/%.*$/, '').split('::')
  const first = groupsOf(head)
  // What `::` stands for: as many zeroes as are missing of eight groups.
  if (tail !== undefined) {
    const last = groupsOf(tail)
    while (first.length + last.length < groupsInAll) first.push('0')
    first.push(...last)
  }
  return `${first.slice(0, groupsInAll / 2).join(':')}::/64`
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':').map((group) => group.replace(/^0+(?=.)/, '').toLowerCase())
}

const groupsInAll = 8
