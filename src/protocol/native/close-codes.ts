/**
 * WebSocket close codes and their reasons (RFC 6455 section 7.4). A client that reconnects by itself may do so after
 * any of them except `policyViolation` and `replaced`.
 */
export const closeCodes = {
  normal: 1000,
  goingAway: 1001,
  policyViolation: 1008,
  internalError: 1011,
  serviceRestart: 1012,
  tryAgainLater: 1013,
  // From the private range: RFC 6455 has no code for these.
  unauthorized: 4401,
  timedOut: 4408,
  takenOver: 4409,
  replaced: 4410,
} as const;

/** What each code tells the client. */
export const closeCodeMeanings = {
  normal: 'The client said goodbye; its session ends at once.',
  goingAway: 'The server is going away.',
  policyViolation:
    'The client exceeded a limit or sent impossible frame numbers, or the operator ended its session. Do not reconnect automatically.',
  internalError: 'Something failed inside the server that affects only this client.',
  serviceRestart: 'The server restarts: come back when `restarting` said, or else after a backoff.',
  tryAgainLater:
    'The client does not read what it is sent, or the server cannot restore its session at the moment: try again with the same secret.',
  unauthorized: 'The token is missing, invalid or expired: come back with another one.',
  timedOut: 'The client did not answer a ping, or did not say in time who it is.',
  takenOver: 'The client came back on another socket; this is the old one.',
  replaced:
    'Another client came with a token for the same id (`sub`): this session is over. Do not reconnect automatically.',
} as const satisfies Record<keyof typeof closeCodes, string>;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];
