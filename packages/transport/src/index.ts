export type { Link, LinkEnd, LinkEvents, LinkFailure, OpenLink, OpenLinkOptions } from './link.ts'
