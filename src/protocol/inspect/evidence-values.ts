/** The known values of evidence, apart from its schema: a module of 3 KB that reports evidence has no room for that. */

export const candidateKinds = ['host', 'srflx', 'prflx', 'relay'] as const;
export const transportProtocols = ['udp', 'tcp'] as const;
/** RTCStatsIceCandidatePairState, the one that has come farthest first. */
export const pairStates = ['succeeded', 'in-progress', 'waiting', 'frozen', 'failed'] as const;
export const iceStates = [
  'new',
  'checking',
  'connected',
  'completed',
  'disconnected',
  'failed',
  'closed',
] as const;
export const dtlsStates = ['new', 'connecting', 'connected', 'closed', 'failed'] as const;
export const sctpStates = ['connecting', 'connected', 'closed'] as const;

/** Four by four candidate kinds, times two protocols. */
export const MAX_EVIDENCE_PAIRS = 32;
export const MAX_EVIDENCE_ERRORS = 8;
