/**
 * How a connection is cut, always on both of its sides:
 * - `reset`: with an RST, so the ends see ECONNRESET. As with any RST, bytes that an end's kernel had no room for
 *   yet are lost.
 * - `end`: with a FIN in each direction, behind what was forwarded. What the ends still send is read and thrown away.
 * - `destroy`: both sockets are closed as they are. Bytes that were handed to the kernel still arrive.
 */
export type ConnectionCut = 'reset' | 'end' | 'destroy'

/** The bytes that go one way through a connection, and what can be done to them. */
export interface ProxyDirection {
  /** Bytes that came in from the sender so far. */
  readonly bytesReceived: number
  /** Bytes that were handed to the receiver's kernel so far. */
  readonly bytesForwarded: number
  /** True once the sender's FIN was seen. */
  readonly ended: boolean
  /** Every chunk goes on this many ms after it came in, in order. Holds for chunks that come in later. @default 0 */
  delayMs: number
  /** How fast bytes go on; 0 is as fast as they come. @default 0 */
  rateBytesPerSecond: number

  /** Forwards nothing, and reads nothing, until `unstall`: the sender meets back-pressure, then silence. */
  stall(): void
  unstall(): void
  /** Sends the receiver a FIN behind what was forwarded; what comes in later is read and thrown away. */
  halfClose(): void
  /**
   * Calls the listener once when exactly this many bytes have been forwarded in all: a chunk is split there, and
   * the next byte waits until the listener has returned. At once if that many have been forwarded already.
   */
  at(bytes: number, listener: () => void): void
  /** Cuts the connection when exactly this many bytes of this direction have been forwarded in all. */
  cutAfter(bytes: number, how: ConnectionCut): void
  /** Calls the listener for every chunk that was forwarded, with the total behind it. */
  onBytes(listener: (bytesForwarded: number, chunk: Buffer) => void): void
  /** Calls the listener when the sender's FIN was seen, before it is forwarded. */
  onEnd(listener: () => void): void
}

/** One client's connection through the proxy. */
export interface ProxyConnection {
  /** Counts from 0, in the order in which the proxy accepted them. */
  readonly index: number
  /** False once both of its sockets are closed. */
  readonly live: boolean
  /** What the client sends. */
  readonly toServer: ProxyDirection
  /** What the server sends. */
  readonly toClient: ProxyDirection
  /** Cuts both sides now. */
  cut(how: ConnectionCut): void
  /** Calls the listener when the server's FIN was seen, before it is forwarded: `toClient.onEnd`. */
  onServerEnd(listener: () => void): void
  /** Calls the listener when the client's FIN was seen, before it is forwarded: `toServer.onEnd`. */
  onClientEnd(listener: () => void): void
}

export interface Proxy {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number
  /** Connections that are open at this moment, the oldest first. */
  readonly connections: readonly ProxyConnection[]
  /** How many connections it has accepted in all. */
  readonly accepted: number
  /** Cuts every open connection. */
  cutAll(how: ConnectionCut): void
  /**
   * True: stops listening at once, so that new connections are refused (ECONNREFUSED); open ones stay.
   * False: listens again on the same port; resolves when it does.
   */
  refuse(refusing: boolean): Promise<void>
  /** Destroys every connection and stops listening. */
  close(): Promise<void>
}
