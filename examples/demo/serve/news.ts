/** What the server tells the page beside the calls, as server-sent events: what only the server can know. */
export type News =
  /** The first word of each stream. */
  | { type: 'server'; peers: PeersState }
  /** The server did something in a call, and this is when. */
  | { type: 'step'; call: string; stack: StackId; step: Step }
  /** The server's side of a call is over, and no message of the page can reach it any more. */
  | { type: 'ended'; call: string; stack: StackId; handled: number }

export type StackId = 'bare' | 'lastword'

export type Step =
  /** The connection was reset, as a network does it. */
  | 'cut'
  /** The server's event loop stands still from here on. */
  | 'blocked'
  /** `close()` was called. */
  | 'closes'
  /** `terminate()` was called. */
  | 'terminates'
  /** The Answer was handed to the WebSocket. */
  | 'answered'
  /** There was an Answer, and no connection to send it on. */
  | 'answer-kept'

/** Whether the server has libdatachannel, and if not, why. */
export type PeersState = { available: true } | { available: false; why: string }

/** What the page sends as its Offer: a description, or where there is no WebRTC any text. */
export interface Offer {
  sdp: string
}

/** What the server answers: a description that the page can apply, or where there is no libdatachannel a text. */
export interface Answer {
  sdp?: string
  text?: string
}

/** Where the page finds what, with the tab and the call in the query. */
export const paths = { bare: '/bare', lastword: '/lastword', news: '/news' } as const
