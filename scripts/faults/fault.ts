/** The definition of a staged fault. */
import type { ServerOptions } from '../../src/server/options.ts';
import type { Stage, Verdict } from './stage.ts';

export interface StagedFault {
  readonly name: string;
  /** How the inspector has to classify it: an outcome, or `refused` for a session without a pairing. */
  readonly kind: 'failed' | 'left' | 'connected' | 'refused';
  /** The sentence that names the cause. */
  readonly expected: RegExp;
  readonly needs?: 'networks' | 'turn';
  /** Options of the server. */
  readonly options?: Partial<ServerOptions>;
  /** The offset of the server's clock. */
  readonly clockOffMs?: number;
  /** @returns the verdict, unless it is the one on the newest pairing */
  run(stage: Stage): Promise<Verdict | undefined>;
}

/** A description that cannot lead to a connection. */
export const EMPTY_SDP =
  'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n' +
  'a=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=sctp-port:5000\r\na=setup:actpass\r\n' +
  `a=fingerprint:sha-256 ${Array(32).fill('00').join(':')}\r\n`;
