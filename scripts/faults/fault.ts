/** What a staged fault is made of. */
import type { ServerOptions } from '../../src/server/options.ts';
import type { Stage, Verdict } from './stage.ts';

export interface StagedFault {
  readonly name: string;
  /** What the inspector has to call it: an outcome, or `refused` for a session that has no pairing. */
  readonly kind: 'failed' | 'left' | 'connected' | 'refused';
  /** The sentence that names the cause. */
  readonly expected: RegExp;
  readonly needs?: 'networks' | 'turn';
  /** Of the server. */
  readonly options?: Partial<ServerOptions>;
  /** How far the server's clock is off. */
  readonly clockOffMs?: number;
  /** @returns the verdict, where it is not that on the newest pairing */
  run(stage: Stage): Promise<Verdict | undefined | void>;
}

/** A description that nothing can be done with. */
export const EMPTY_SDP =
  'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n' +
  'a=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=sctp-port:5000\r\na=setup:actpass\r\n' +
  `a=fingerprint:sha-256 ${Array(32).fill('00').join(':')}\r\n`;
