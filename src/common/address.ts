/** A TCP address as written on a command line: `host:port`, `10.0.0.7:9000`, `[::1]:9000`. */

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** @returns undefined if the text is not an address */
export function parseAddress(text: string): Address | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):(\d{1,5})$/.exec(text.trim());
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host !== undefined && host.length <= 253 && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
