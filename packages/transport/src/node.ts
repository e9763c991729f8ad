export { type BrowserLinkOptions, openBrowserLink, type WebSocketConstructor } from './browser-link.ts'
export { type CloseAfterPongOptions, type CloseAfterPongReport, closeAfterPong } from './close-after-pong.ts'
export { refuse } from './http-answers.ts'
export { HttpLinks, type HttpLinksHost, type HttpLinksOptions } from './http-links.ts'
export { type HttpLinkKind, httpLinkParameter } from './http-url.ts'
export type {
  Link,
  LinkEnd,
  LinkEvents,
  LinkFailure,
  OpenLink,
  OpenLinkOptions,
  TextInPieces,
} from './link.ts'
export { createNodeLink, type NodeLinkOptions } from './node-link.ts'
export { sendOneShot } from './one-shot.ts'
export { type NodeClientOptions, nodeLinkOpener, openNodeLink } from './open-node-link.ts'
export { openPollLink, type PollLinkOptions, pollLinkOpener } from './poll-link.ts'
export { afterReading } from './timer-after-reading.ts'
export type { WsSocket } from './ws-socket.ts'
