/**
 * The client's half of the protocol for pages, where every byte is loaded: one role, no journal. It speaks the same
 * protocol as `SessionMachine`, word for word.
 *
 * @packageDocumentation
 */
export type { ClientEvents } from './client-events.ts'
export { type ClientConfig, type ClientMachine, clientMachine } from './client-machine.ts'
export type { ClientMessage } from './client-message.ts'
export { utf8 } from './fill-frame.ts'
export { readFrame } from './read-frame.ts'
