/**
 * Property names that a minifier must leave alone in a page's build: what goes over the wire, and what applications
 * see. A test holds the list to the types. Names of the platform are known to the minifier.
 */
const wire =
  't v sid key link fresh got window messages bytes maxBytes auth agent gone resumed ttl keepalive seq id d ch re ask again err code message meta n also reason k after location'

const api =
  'connect backoff ArgumentError DeliveryError HandshakeError LastwordError PayloadError ProtocolError QueueFullError RemoteError SessionClosedError ' +
  // Errors.
  'name sessionId remedy cause fate messageId issues remoteCode wireCode by httpStatus ' +
  // The session, its events and reports.
  'state opened closed ready send request handle note onNote on off close abort ' +
  'attempt downMs afterMs clean handledTotal handled received unknown notSent incoming unhandled ' +
  // Messages.
  'payload isRequest redelivered signal answered reply fail ' +
  // Options, policies, schemas, journals, fallbacks.
  'contract concurrency queuedBytesMax onFull halfOpen early reconnect connectTimeoutMs welcomeTimeoutMs journal fallback ' +
  'timeoutMs nextDelayMs error welcomed silentLinks untried socket minMs maxMs attemptsMax random value validate ' +
  // Names of the platform that a minifier may be too old for.
  'persisted keepalive credentials next return done'

/** @type {string[]} */
export const publicNames = `${wire} ${api}`.split(' ')
