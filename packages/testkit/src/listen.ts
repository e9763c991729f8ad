import type { AddressInfo, Server } from 'node:net'

/**
 * Starts a server (net, tls, http or https) on a free port of 127.0.0.1 and resolves with that port, or with
 * `port` if it is given. Rejects with the server's error if it cannot listen.
 */
export function listen(server: Server, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      server.removeListener('error', reject)
      resolve((server.address() as AddressInfo).port)
    })
  })
}
