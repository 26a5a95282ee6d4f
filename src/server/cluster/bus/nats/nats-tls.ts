/** TLS settings for the NATS client: which certificate a broker must present if it is given by IP address. */
import { isIP } from 'node:net';
import { checkServerIdentity, type PeerCertificate } from 'node:tls';

export interface NatsTls {
  checkServerIdentity?(name: string, certificate: PeerCertificate): Error | undefined;
}

/**
 * The client passes a server name to TLS only for a broker given by name. For an IP address, Node would check the
 * certificate against `localhost`: it would refuse the right certificate, and accept that of any machine that calls
 * itself so.
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
