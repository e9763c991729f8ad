export { type BrowserLinkOptions, openBrowserLink, type WebSocketConstructor } from './browser-link.ts'
export type { Link, LinkEnd, LinkEvents, LinkFailure, OpenLink, OpenLinkOptions } from './link.ts'
export { afterReading } from './timer-after-reading.ts'
