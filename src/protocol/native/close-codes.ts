/**
 * WebSocket close codes and their reasons (RFC 6455 section 7.4).
 * A client that comes back by itself may do so after any of them but `policyViolation`.
 */
export const closeCodes = {
  /** The client said goodbye. */
  normal: 1000,
  /** The server is going away. */
  goingAway: 1001,
  /** The client broke a limit: too many messages, too many connections. */
  policyViolation: 1008,
  /** Something failed inside the server that concerns this client only. */
  internalError: 1011,
  /** The server is restarted: come back when `restarting` said, or after a backoff. */
  serviceRestart: 1012,
  /** The client does not read what it is sent, or the server is full. */
  tryAgainLater: 1013,
  /** The client answered no ping. The code is one of the private range: RFC 6455 has none for it. */
  timedOut: 4408,
  /** The client came back on another socket; this one is the old. */
  takenOver: 4409,
} as const;

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];
