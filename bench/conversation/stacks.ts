import { Peer } from '../harness/peer.ts'
import type { RoleName } from '../roles.ts'
import type { Address } from '../stacks/listen.ts'
import type { Serving } from './conversing.ts'

type ServerRole = Extract<RoleName, `conversation-${string}-server`>
type ClientRole = Extract<RoleName, `conversation-${string}-client`>

/** Who has conversations, in which roles. */
export interface ConversationStack {
  readonly id: string
  readonly label: string
  readonly server: ServerRole
  readonly client: ClientRole
  /** lastword: whether the first frame may travel in the upgrade request. */
  readonly early?: boolean
}

export const ws: ConversationStack = {
  id: 'ws',
  label: 'bare ws',
  server: 'conversation-ws-server',
  client: 'conversation-ws-client',
}

export const socketIo: ConversationStack = {
  id: 'socket.io',
  label: 'Socket.IO',
  server: 'conversation-socket-io-server',
  client: 'conversation-socket-io-client',
}

export const rpcWebsockets: ConversationStack = {
  id: 'rpc-websockets',
  label: 'rpc-websockets',
  server: 'conversation-rpc-websockets-server',
  client: 'conversation-rpc-websockets-client',
}

export const http: ConversationStack = {
  id: 'http',
  label: 'HTTP POST',
  server: 'conversation-http-server',
  client: 'conversation-http-client',
}

export const lastword: ConversationStack = {
  id: 'lastword',
  label: 'lastword',
  server: 'conversation-lastword-server',
  client: 'conversation-lastword-client',
}

/** A server that listens and a client, each in a process of its own. */
export interface Party {
  readonly server: Peer<ServerRole>
  readonly client: Peer<ClientRole>
  readonly address: Address
  end(): Promise<void>
}

export async function startParty(stack: ConversationStack, serving: Serving): Promise<Party> {
  const started = await Promise.allSettled([Peer.start(stack.server), Peer.start(stack.client)])
  const end = async () => {
    await Promise.all(started.map((peer) => peer.status === 'fulfilled' && peer.value.end()))
  }
  const [server, client] = started
  try {
    if (server.status === 'rejected') throw server.reason
    if (client.status === 'rejected') throw client.reason
    const address = await server.value.ask('listen', serving)
    return { server: server.value, client: client.value, address, end }
  } catch (error) {
    await end()
    throw error
  }
}
