import type { Socket } from 'node:net'

/**
 * Holds back what is written to a connection until the end of this turn of the event loop: what a first frame that came
 * with the upgrade request sets going is said then, and leaves together with the answer to the upgrade. Each write costs
 * both ends a wake-up more.
 */
export function writeTogether(socket: Socket): void {
  socket.cork()
  // What is said at the end of this turn is said by a callback that is not there yet: it comes between these two, and
  // the link that writes it does not wait for the second one.
  setImmediate(() => setImmediate(() => socket.uncork()))
}
