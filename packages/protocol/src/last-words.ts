import { closeCodes } from './codes.ts'
import type { Frame, Json } from './envelope.ts'
import type { LinkId } from './session-io.ts'
import type { SessionLinks } from './session-links.ts'
import type { SessionParts } from './session-parts.ts'
import { utf8Length } from './utf8.ts'

/** A one-shot link: what it is called, and how much goes on it. */
export interface OneShot {
  link: LinkId
  auth: Json | undefined
  bytesMax: number
}

/**
 * What a client says on a one-shot link when its page goes away: `hello`, the acknowledgement, and everything that is not
 * acknowledged, the oldest first, as far as the journal holds it. The session has no link after that.
 */
export function lastWords<Tag>(
  parts: SessionParts<Tag>,
  links: SessionLinks<Tag>,
  { link: id, auth, bytesMax }: OneShot,
  now: number,
): Frame[] {
  const { filler, inbox, outbox } = parts
  const frames: Frame[] = []
  const unsaid = parts.ended || outbox.owes || inbox.ackDue
  links.closeNext()
  if (links.current !== undefined) links.lose(links.current, closeCodes.superseded, '', now)
  if (!unsaid) return frames
  links.start(id, auth)
  const link = links.current
  if (link === undefined) return frames
  link.streaming = true
  outbox.rewind(true)
  for (let room = bytesMax; links.mayLeave; ) {
    const frame = filler.fill(link, room)
    if (frame === undefined) break
    frames.push(frame)
    room -= typeof frame === 'string' ? utf8Length(frame) : frame.byteLength
  }
  links.detach(link)
  return frames
}
