/**
 * Tests from this browser what a connection needs, like `pairlane doctor` from a terminal: the connection to the
 * server, clocks, STUN, the kind of NAT, TURN. The results name servers, but never anybody's address.
 */

export interface BrowserCheck {
  readonly name: string;
  /** `bad`: pairings will fail because of it; `warning`: some may fail; `skipped`: it could not be tested. */
  readonly status: 'ok' | 'warning' | 'bad' | 'skipped';
  readonly text: string;
  readonly remedy?: string;
}

const TIMEOUT_MS = 6_000;
/** TURN credentials and tokens contain the time. */
const MAX_SKEW_MS = 30_000;
/** A server could name any number of hosts. */
const MAX_TRIED = 8;

/** @param server the URL that clients connect to, as an HTTP URL */
export async function* examineFromHere(server: URL): AsyncGenerator<BrowserCheck> {
  const greeted = await checkWebSocket(server);
  yield greeted.check;
  yield server.protocol === 'https:'
    ? { name: 'tls', status: 'ok', text: 'TLS, with a certificate that this browser trusts.' }
    : {
        name: 'tls',
        status: 'skipped',
        text: 'Without TLS, which is fine on one machine; elsewhere pages from https:// may not connect.',
      };
  yield await checkClock(server);
  const urls = greeted.iceServers.flatMap((iceServer) =>
    [iceServer.urls].flat().map((url) => ({ ...iceServer, urls: url })),
  );
  const stun = urls.filter((each) => /^stuns?:/.test(each.urls)).slice(0, MAX_TRIED);
  const turn = urls.filter((each) => /^turns?:/.test(each.urls)).slice(0, MAX_TRIED);
  yield* await checkStun(stun);
  for (const each of turn) yield await checkTurn(each);
  if (greeted.check.status === 'ok' && turn.length === 0)
    yield {
      name: 'turn',
      status: 'warning',
      text: 'The server names no TURN server: where two networks let no UDP through, nothing connects.',
      remedy: 'Run one, such as coturn, and set --turn-url and --turn-secret.',
    };
}

type OneUrl = RTCIceServer & { readonly urls: string };

/** Pairs two clients of our own for a moment, to learn which ICE servers a pairing is given. */
async function checkWebSocket(
  server: URL,
): Promise<{ readonly check: BrowserCheck; readonly iceServers: readonly RTCIceServer[] }> {
  const name = 'websocket';
  const url = server.href.replace(/^http/, 'ws');
  const since = performance.now();
  let ms: number | undefined;
  const sockets = [new WebSocket(url), new WebSocket(url)];
  try {
    const iceServers = await new Promise<readonly RTCIceServer[]>((resolve, reject) => {
      setTimeout(() => (ms === undefined ? reject() : resolve([])), TIMEOUT_MS);
      const ids: unknown[] = [];
      for (const socket of sockets) {
        socket.addEventListener('close', () => reject());
        socket.addEventListener('message', ({ data }) => {
          const message = JSON.parse(String(data));
          if (message.type === 'paired') resolve(message.ice_servers ?? []);
          // A server that refuses such a pairing leaves nothing to test.
          if (message.type === 'error') resolve([]);
          if (message.type !== 'your_id') return;
          ms ??= Math.round(performance.now() - since);
          if (ids.push(message.id) === sockets.length)
            socket.send(JSON.stringify({ type: 'pair_request', target_id: ids[0] }));
        });
      }
    });
    return { iceServers, check: { name, status: 'ok', text: `Connected and greeted in ${ms} ms.` } };
  } catch {
    return {
      iceServers: [],
      check: {
        name,
        status: 'bad',
        text: 'Clients are not let in from this page.',
        remedy:
          'If the server wants tokens that is as it should be. If not: a proxy has to pass WebSockets on (Upgrade, Connection), and --allow-origin names other sites.',
      },
    };
  } finally {
    for (const socket of sockets) socket.close();
  }
}

async function checkClock(server: URL): Promise<BrowserCheck> {
  const name = 'clock';
  try {
    const answer = await fetch(new URL('healthz', server), { cache: 'no-store' });
    const skew = Date.now() - Date.parse(answer.headers.get('date') ?? '');
    if (Number.isNaN(skew))
      return { name, status: 'skipped', text: 'The answer does not tell the time of the server.' };
    if (Math.abs(skew) <= MAX_SKEW_MS)
      return { name, status: 'ok', text: 'This clock and the server’s agree.' };
    const s = Math.round(Math.abs(skew) / 1_000);
    return {
      name,
      status: 'warning',
      text: `This clock is ${s} s ${skew > 0 ? 'ahead of' : 'behind'} the server’s.`,
      remedy: 'Set both by NTP: TURN credentials and tokens carry the time.',
    };
  } catch {
    return { name, status: 'skipped', text: 'The server does not answer plain HTTP.' };
  }
}

interface Gathered {
  readonly candidates: readonly RTCIceCandidate[];
  readonly errors: readonly number[];
}

async function gather(servers: readonly RTCIceServer[], isRelayOnly: boolean): Promise<Gathered> {
  const connection = new RTCPeerConnection({
    iceServers: [...servers],
    iceTransportPolicy: isRelayOnly ? 'relay' : 'all',
  });
  const candidates: RTCIceCandidate[] = [];
  const errors: number[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      setTimeout(resolve, TIMEOUT_MS);
      connection.addEventListener('icecandidate', ({ candidate }) => {
        if (!candidate || candidate.candidate === '') resolve();
        else candidates.push(candidate);
      });
      connection.addEventListener('icecandidateerror', (event) => errors.push(event.errorCode));
      connection.createDataChannel('');
      connection.setLocalDescription().catch(reject);
    });
  } finally {
    connection.close();
  }
  return { candidates, errors };
}

async function checkStun(servers: readonly OneUrl[]): Promise<BrowserCheck[]> {
  if (servers.length === 0)
    return [
      {
        name: 'stun',
        status: 'skipped',
        text: 'The server names no STUN server: browsers ask one of their own.',
      },
    ];
  const { candidates } = await gather(servers, false);
  const found = candidates.filter(({ type }) => type === 'srflx');
  const hasHost = candidates.some(({ type }) => type === 'host');
  if (found.length === 0)
    return [
      {
        name: 'stun',
        status: 'warning',
        text: hasHost
          ? 'No STUN server showed another address: either this machine has no NAT before it, or UDP is not let out.'
          : 'No candidate at all was found: this browser may not use WebRTC freely.',
        remedy: 'Where nothing connects, set --turn-url with a turns: URL over TCP 443.',
      },
    ];
  const portsOf = new Map<string, Set<number | null>>();
  for (const { relatedPort, port } of found)
    portsOf.set(String(relatedPort), (portsOf.get(String(relatedPort)) ?? new Set()).add(port));
  const isSymmetric = [...portsOf.values()].some((ports) => ports.size > 1);
  const checks: BrowserCheck[] = [
    { name: 'udp', status: 'ok', text: 'UDP gets out and back: direct connections are possible.' },
  ];
  // With one server there is nothing to compare.
  if (servers.length > 1)
    checks.push(
      isSymmetric
        ? {
            name: 'nat',
            status: 'warning',
            text: 'Each server sees another port: a symmetric NAT. Two such networks find no direct way to each other.',
            remedy: 'Start the server with --turn-url and --turn-secret-file.',
          }
        : {
            name: 'nat',
            status: 'ok',
            text: 'All servers see the same port: this NAT lets direct connections through.',
          },
    );
  return checks;
}

async function checkTurn(server: OneUrl): Promise<BrowserCheck> {
  const name = 'turn';
  const { candidates, errors } = await gather([server], true);
  if (candidates.some(({ type }) => type === 'relay'))
    return { name, status: 'ok', text: `${server.urls}: an allocation was made.` };
  const code = errors.find((each) => each !== 701);
  return {
    name,
    status: 'bad',
    text: code === undefined ? `${server.urls}: no answer.` : `${server.urls}: refused with ${code}.`,
    remedy:
      code === 401
        ? 'Make --turn-secret the static-auth-secret of the TURN server (use-auth-secret), and check both clocks.'
        : code === undefined
          ? 'Let its port through to the TURN server, or offer it by TCP: ?transport=tcp, or turns: on 443.'
          : 'See the log of the TURN server.',
  };
}
