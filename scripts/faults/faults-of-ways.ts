/** Faults of the path between two homes: what routers, firewalls and TURN servers do. */
import type { StagedFault } from './fault.ts';
import type { PlaceName } from './networks.ts';
import type { Stage } from './stage.ts';
import { STUN_URL, TURN_SECRET, TURN_URL } from './turn-server.ts';

const stun = { stunUrl: [STUN_URL] };
const turn = { turnUrl: [TURN_URL], turnSecret: TURN_SECRET };
const relay = { iceTransportPolicy: 'relay', timeouts: { checkingMs: 9_000 } } as const;
/** Matches traffic to anywhere but the servers. */
const toPeers = 'oifname wan ip daddr != 203.0.113.1 meta l4proto udp';
/** Matches DTLS records by their first byte (RFC 9147 section 4.1). */
const dtls = (type: number) => `meta l4proto udp @th,64,8 ${type}`;
const HANDSHAKE = 22;
const APPLICATION_DATA = 23;

const homes = ['a', 'b'] as const;

function both(stage: Stage, rules: readonly string[]): void {
  for (const home of homes) stage.networks?.configure(home, { rules });
}

async function pair(stage: Stage, options = {}): Promise<void> {
  const [a, b] = [await stage.at('a', options), await stage.at('b', options)];
  await a.pair(b);
}

async function connect(stage: Stage, options = {}): Promise<void> {
  const [a, b] = [await stage.at('a', options), await stage.at('b', options)];
  await a.pair(b);
  await Promise.all([a.opened(), b.opened()]);
  await stage.verdict({ kind: 'connected', cause: /./ });
}

export const faultsOfWays: readonly StagedFault[] = [
  {
    name: 'UDP is blocked between two homes',
    kind: 'failed',
    expected: /none was answered: .*no UDP of the other/,
    needs: 'turn',
    options: stun,
    async run(stage) {
      both(stage, [`${toPeers} drop`]);
      await pair(stage);
    },
  },
  {
    name: 'both routers take another port for each address',
    kind: 'failed',
    expected: /none was answered: .*no UDP of the other/,
    needs: 'turn',
    options: stun,
    async run(stage) {
      for (const home of homes) stage.networks?.configure(home, { nat: 'symmetric' });
      await pair(stage);
    },
  },
  {
    name: 'one home lets no UDP out at all',
    kind: 'failed',
    expected: /A reached no STUN or TURN server/,
    needs: 'turn',
    options: stun,
    async run(stage) {
      stage.networks?.configure('a', { rules: ['oifname wan meta l4proto udp drop'] });
      await pair(stage, { timeouts: { checkingMs: 9_000 } });
    },
  },
  {
    name: 'two homes, and no STUN server is named',
    kind: 'failed',
    expected: /addresses of their own networks/,
    needs: 'networks',
    async run(stage) {
      await pair(stage, { iceServers: [] });
    },
  },
  {
    name: 'UDP gets through in one direction only',
    kind: 'failed',
    expected: /UDP gets from A to B, and not back/,
    needs: 'turn',
    options: stun,
    async run(stage) {
      // A peer on the internet whose packets never reach A.
      const [a, b] = [
        await stage.at('a'),
        await stage.peer({ iceServers: [], iceAdditionalHostAddresses: ['203.0.113.1'] }),
      ];
      stage.networks?.configure('a', { rules: ['iifname wan meta l4proto udp udp sport != 3478 drop'] });
      await a.pair(b);
    },
  },
  {
    name: 'a browser whose address is hidden, elsewhere',
    kind: 'failed',
    expected: /A hides its address behind an mDNS name/,
    needs: 'networks',
    async run(stage) {
      const [a, b] = [
        await stage.inBrowserAt('a', { iceServers: [] }),
        await stage.at('b', { iceServers: [] }),
      ];
      await a.pair(b);
    },
  },
  {
    name: 'only a relay is allowed, and there is none',
    kind: 'failed',
    expected: /allows? only ways through a relay|offered no candidates/,
    async run(stage) {
      const only = { iceTransportPolicy: 'relay' } as const;
      const [a, b] = [await stage.peer(only), await stage.peer(only)];
      await a.pair(b);
    },
  },
  {
    name: 'the TURN secret is another one',
    kind: 'failed',
    expected: /The TURN server refused [AB]'s credentials \(error 401\)/,
    needs: 'turn',
    options: { ...turn, turnSecret: 'not the one of coturn' },
    async run(stage) {
      await pair(stage, relay);
    },
  },
  {
    name: 'the server’s clock is off, so that TURN credentials are over',
    kind: 'failed',
    expected: /The TURN server refused [AB]'s credentials \(error 401\)/,
    needs: 'turn',
    options: turn,
    clockOffMs: -2 * 86_400_000,
    async run(stage) {
      await pair(stage, relay);
    },
  },
  {
    name: 'the TURN server is not there',
    kind: 'failed',
    expected: /[AB] (could not reach its STUN or TURN server|reached no STUN or TURN server)/,
    needs: 'networks',
    options: { turnUrl: ['turn:203.0.113.1:3999'], turnSecret: TURN_SECRET },
    async run(stage) {
      await pair(stage, relay);
    },
  },
  {
    name: 'a firewall that lets no DTLS through',
    kind: 'failed',
    expected: /A candidate pair worked at [AB], and DTLS did not come up/,
    needs: 'turn',
    options: stun,
    async run(stage) {
      both(stage, [`${dtls(HANDSHAKE)} drop`]);
      await pair(stage, { timeouts: { checkingMs: 8_000 } });
    },
  },
  {
    name: 'a firewall that lets no SCTP through',
    kind: 'failed',
    expected: /ICE and DTLS came up at [AB], and SCTP did not/,
    needs: 'turn',
    options: stun,
    async run(stage) {
      both(stage, [`${dtls(APPLICATION_DATA)} drop`]);
      await pair(stage, { timeouts: { checkingMs: 20_000 } });
    },
  },
  {
    name: 'the power goes at one of the two, once connected',
    kind: 'failed',
    expected: /A lost the connection/,
    needs: 'turn',
    options: stun,
    async run(stage) {
      await connect(stage, { timeouts: { silenceMs: 2_000, checkingMs: 4_000 } });
      await stage.place('b' satisfies PlaceName).kill();
    },
  },
  {
    name: 'a cable is pulled, once connected',
    kind: 'failed',
    expected: /[AB] lost the connection/,
    needs: 'turn',
    options: { ...stun, pingIntervalMs: 1_000, pingTimeoutMs: 1_000 },
    async run(stage) {
      await connect(stage, { timeouts: { silenceMs: 2_000, checkingMs: 4_000 } });
      stage.networks?.configure('b', { rules: ['drop'] });
    },
  },
];
