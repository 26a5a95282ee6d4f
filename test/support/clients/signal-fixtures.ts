/** Signals as real clients send them, full of data that must not get into a record. */
export const SECRETS = {
  address: '192.0.2.77',
  publicAddress: '203.0.113.9',
  ufrag: 'uFrag4711',
  password: 'icePassword0815icePassword',
  fingerprint: 'AB:CD:EF:01:23',
  mdnsName: '0f1e2d3c-aaaa-bbbb-cccc-123456789abc.local',
} as const;

const { address, publicAddress, ufrag, password, fingerprint, mdnsName } = SECRETS;

export const hostCandidate = `candidate:1 1 udp 2122260223 ${address} 54321 typ host generation 0 ufrag ${ufrag}`;
export const mdnsCandidate = `candidate:2 1 udp 2122262783 ${mdnsName} 54322 typ host`;
export const srflxCandidate = `candidate:3 1 udp 1686052607 ${publicAddress} 61000 typ srflx raddr ${address} rport 54321`;
export const relayCandidate = `candidate:4 1 TCP 41885439 ${publicAddress} 3478 typ relay raddr 0.0.0.0 rport 0`;

export const sdp = [
  'v=0',
  `o=- 4611731400430051336 2 IN IP4 ${address}`,
  's=-',
  't=0 0',
  'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
  `c=IN IP4 ${address}`,
  `a=${hostCandidate}`,
  `a=${mdnsCandidate}`,
  `a=ice-ufrag:${ufrag}`,
  `a=ice-pwd:${password}`,
  `a=fingerprint:sha-256 ${fingerprint}`,
  'a=setup:actpass',
  'a=mid:0',
  '',
].join('\r\n');

export const candidateMessage = (candidate: string) => ({
  type: 'candidate',
  candidate: { candidate, sdpMid: '0', sdpMLineIndex: 0 },
});
