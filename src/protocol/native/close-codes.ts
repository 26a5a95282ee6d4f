/**
 * WebSocket close codes and their reasons (RFC 6455 section 7.4).
 * A client that comes back by itself may do so after any of them but `policyViolation` and `replaced`.
 */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  policyViolation: 1008,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  // Of the private range: RFC 6455 has no code for these.
  unauthorized: 4401,
  timedOut: 4408,
  takenOver: 4409,
  replaced: 4410,
} as const;

/** What each tells the client. */
export const closeCodeMeanings = {
  normal: 'The client said goodbye: its session ends at once.',
  goingAway: 'The server is going away.',
  policyViolation:
    'The client broke a limit or sent impossible frame numbers, or an operator ended its session. Do not come back by yourself.',
  internalError: 'Something failed inside the server that concerns this client only.',
  serviceRestart: 'The server is restarted: come back when `restarting` said, or else after a backoff.',
  tryAgainLater:
    'The client does not read what it is sent, or the server cannot give it its session just now: try again, with the same secret.',
  unauthorized: 'The token is missing, not valid or has expired: come back with another one.',
  timedOut: 'The client answered no ping, or did not say in time who it is.',
  takenOver: 'The client came back on another socket; this is the old one.',
  replaced:
    'Another client has come with a token for the same id (`sub`): this session is over. Do not come back by yourself.',
} as const satisfies Record<keyof typeof closeCodes, string>;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];
