/**
 * Resolves the names that browsers use in place of their own addresses (draft-ietf-mmusic-mdns-ice-candidates) to IPv4
 * or IPv6. All requests share one multicast socket, which is open only while there are any.
 */
import multicastDns, { type MulticastDNS, type ResponsePacket } from 'multicast-dns';

/** RFC 6762 section 5.2: asked again after a second, then after twice that. */
const RESENDS_MS = [1_000, 3_000];
const TIMEOUT_MS = 5_000;

/** A name with one label, as browsers make them: no other name is looked up at a stranger's request. */
const NAME = /^[\w-]{1,63}\.local$/i;

let socket: MulticastDNS | undefined;
let users = 0;

export function isMdnsName(host: string): boolean {
  return NAME.test(host);
}

/** @returns the name's address; undefined if nobody answers in time, or if `signal` is aborted */
export async function resolveMdnsName(name: string, signal?: AbortSignal): Promise<string | undefined> {
  if (signal?.aborted) return undefined;
  const mdns = open();
  const timers: NodeJS.Timeout[] = [];
  let end: (address?: string) => void = () => {};
  const onResponse = (response: ResponsePacket) => {
    const address = addressIn(response, name);
    if (address) end(address);
  };
  const onAbort = () => end();
  try {
    return await new Promise<string | undefined>((resolve) => {
      end = resolve;
      // Without a network that supports multicast, nobody answers.
      const ask = () =>
        mdns.query(
          [
            { name, type: 'A' },
            { name, type: 'AAAA' },
          ],
          () => {},
        );
      mdns.on('response', onResponse);
      signal?.addEventListener('abort', onAbort);
      for (const ms of RESENDS_MS) timers.push(setTimeout(ask, ms));
      timers.push(setTimeout(end, TIMEOUT_MS));
      ask();
    });
  } finally {
    for (const timer of timers) clearTimeout(timer);
    mdns.off('response', onResponse);
    signal?.removeEventListener('abort', onAbort);
    release();
  }
}

function open(): MulticastDNS {
  users += 1;
  if (socket) return socket;
  socket = multicastDns();
  socket.setMaxListeners(0);
  // With a port that is taken or a network that is gone, there are no answers.
  socket.on('error', () => {});
  socket.on('warning', () => {});
  return socket;
}

function release(): void {
  users -= 1;
  if (users > 0) return;
  socket?.destroy();
  socket = undefined;
}

function addressIn({ answers = [], additionals = [] }: ResponsePacket, name: string): string | undefined {
  for (const record of [...answers, ...additionals]) {
    if (record.name.toLowerCase() !== name.toLowerCase()) continue;
    if (record.type === 'A') return record.data;
    // A link-local address needs an interface, which an answer does not name.
    if (record.type === 'AAAA' && !/^fe[89ab]/i.test(record.data)) return record.data;
  }
  return undefined;
}
