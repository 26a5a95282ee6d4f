/** Reduces descriptions and candidates to what the inspector shows of them. */

/** Sections, roles, codecs, limits; of fingerprint and ICE credentials only that they are there. */
const KEPT =
  /^(m=\w+|a=(setup|mid|group|ice-options|max-message-size):.*|a=rtpmap:\d+ [\w-]+|a=ice-lite|a=(fingerprint|ice-ufrag):)/gm;
/** RFC 8839 section 5.1. */
const CANDIDATE = /^candidate:\S+ \d+ (udp|tcp) \d+ (\S+) \d+ typ (host|srflx|prflx|relay)/i;

export function termsOfDescription(sdp: string): string {
  return (sdp.match(KEPT) ?? []).join('\n');
}

/** @returns a candidate without an address; undefined if it is none that we know */
export function kindsOfCandidate(candidate: string): string | undefined {
  const [is, protocol, address, kind] = CANDIDATE.exec(candidate) ?? [];
  return is && `candidate:0 1 ${protocol} 0 x${address?.endsWith('.local') ? '.local' : ''} 0 typ ${kind}`;
}
