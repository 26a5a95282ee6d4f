/** What the NATS client is told of TLS beyond its own: whose certificate a broker has to show that is named by an address. */
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

export interface NatsTls {
  checkServerIdentity?(name: string, certificate: PeerCertificate): Error | undefined;
}

/**
 * The client gives TLS a name only where a broker has one. For an address Node would then look for `localhost` in the
 * certificate: refuse the right one, and take that of any other machine that calls itself so.
 * @param servers `host:port`
 */
export function natsTls(servers: readonly string[]): NatsTls {
  const hosts = servers.map((server) => server.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'));
  if (!hosts.every((host) => isIP(host) !== 0)) return {};
  return {
    checkServerIdentity(_name, certificate) {
      const problems = hosts.map((host) => checkServerIdentity(host, certificate));
      return problems.includes(undefined) ? undefined : problems[0];
    },
  };
}
