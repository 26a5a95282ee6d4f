/** Healthy pairs under difficult conditions: the inspector must not report a problem for any of them. */
import type { PeerOptions } from '../../src/client/index.ts';
import type { ServerOptions } from '../../src/server/options.ts';
import type { StagedFault } from './fault.ts';
import type { Networks } from './networks.ts';
import type { Actor } from './place.ts';
import type { Stage } from './stage.ts';
import { STUN_URL, TURN_SECRET, TURN_URL } from './turn-server.ts';

const stun = { stunUrl: [STUN_URL] };
const turn = { turnUrl: [TURN_URL], turnSecret: TURN_SECRET };
const patient: Partial<PeerOptions> = { timeouts: { checkingMs: 20_000 } };

async function connect(a: Actor, b: Actor): Promise<void> {
  await a.pair(b);
  await Promise.all([a.opened(), b.opened()]);
  await a.send('hello');
}

function fine(
  name: string,
  run: (stage: Stage) => Promise<void>,
  more: Pick<StagedFault, 'needs'> & { readonly options?: Partial<ServerOptions> } = {},
): StagedFault {
  return {
    name,
    kind: 'connected',
    expected: /^Both clients reported that they are connected/,
    async run(stage) {
      await run(stage);
    },
    ...more,
  };
}

/** Both peers at home, each in its own. */
function apart(
  name: string,
  options: Partial<ServerOptions>,
  configure: (networks: Networks) => void = () => {},
  peers: Partial<PeerOptions> = patient,
): StagedFault {
  return fine(
    name,
    async (stage) => {
      if (stage.networks) configure(stage.networks);
      await connect(await stage.at('a', peers), await stage.at('b', peers));
    },
    { needs: 'turn', options },
  );
}

const homes = ['a', 'b'] as const;

export const healthy: readonly StagedFault[] = [
  fine('two on one machine', async (stage) => connect(await stage.peer(), await stage.peer())),
  fine('several channels', async (stage) => {
    const channels = [{ label: 'more' }, { label: 'fast', ordered: false, maxRetransmits: 0 }];
    await connect(await stage.peer({ channels }), await stage.peer({ channels }));
  }),
  fine('both ask at once', async (stage) => {
    const [a, b] = [await stage.peer(), await stage.peer()];
    await Promise.allSettled([a.pair(b), b.pair(a)]);
    await Promise.all([a.opened(), b.opened()]);
  }),
  fine('the one who is asked takes a second to say yes', async (stage) => {
    const accept = () => new Promise<boolean>((resolve) => setTimeout(() => resolve(true), 1_000));
    await connect(await stage.peer(), await stage.peer({ accept }));
  }),
  fine('signals are late', async (stage) => connect(await stage.peer(), await stage.peer()), {
    options: { chaos: 'delay=400ms' },
  }),
  fine('one of them has other peers, too', async (stage) => {
    const [a, b, c] = [
      await stage.peer({ peers: 2 }),
      await stage.peer({ peers: 2 }),
      await stage.peer({ peers: 2 }),
    ];
    await a.pair(b);
    await a.pair(c);
    await Promise.all([b.opened(), c.opened()]);
  }),
  fine('two in one home', async (stage) => connect(await stage.at('a'), await stage.at('a')), {
    needs: 'turn',
    options: stun,
  }),
  fine(
    'two in one home, and no STUN',
    async (stage) => {
      const none = { iceServers: [] };
      await connect(await stage.at('a', none), await stage.at('a', none));
    },
    { needs: 'networks' },
  ),
  fine(
    'two in one home, and STUN is not there',
    async (stage) => connect(await stage.at('a'), await stage.at('a')),
    {
      needs: 'networks',
      options: { stunUrl: ['stun:203.0.113.1:3999'] },
    },
  ),
  fine(
    'two in one home, and the TURN secret is wrong',
    async (stage) => connect(await stage.at('a'), await stage.at('a')),
    {
      needs: 'turn',
      options: { ...turn, turnSecret: 'another one' },
    },
  ),
  fine(
    'one at home, one on the internet',
    async (stage) =>
      connect(
        await stage.at('a', patient),
        await stage.peer({ iceAdditionalHostAddresses: ['203.0.113.1'] }),
      ),
    {
      needs: 'turn',
      options: stun,
    },
  ),
  fine(
    'a browser at home, one on the internet',
    async (stage) =>
      connect(
        await stage.inBrowserAt('a', patient),
        await stage.peer({ iceAdditionalHostAddresses: ['203.0.113.1'] }),
      ),
    { needs: 'turn', options: stun },
  ),
  fine(
    'two browsers, each at home',
    async (stage) => connect(await stage.inBrowserAt('a', patient), await stage.inBrowserAt('b', patient)),
    {
      needs: 'turn',
      options: stun,
    },
  ),
  apart('two homes, with STUN', stun),
  apart('two homes, one router symmetric, with TURN', { ...stun, ...turn }, (networks) =>
    networks.configure('a', { nat: 'symmetric' }),
  ),
  apart('both routers symmetric, with TURN', { ...stun, ...turn }, (networks) => {
    for (const home of homes) networks.configure(home, { nat: 'symmetric' });
  }),
  apart('UDP blocked between the two, with TURN', turn, (networks) => {
    for (const home of homes)
      networks.configure(home, { rules: ['oifname wan ip daddr != 203.0.113.1 meta l4proto udp drop'] });
  }),
  apart(
    'no UDP out of one home, with TURN by TCP',
    { turnUrl: [`${TURN_URL}?transport=tcp`], turnSecret: TURN_SECRET },
    (networks) => networks.configure('a', { rules: ['oifname wan meta l4proto udp drop'] }),
  ),
  apart('only a relay is allowed', turn, () => {}, { ...patient, iceTransportPolicy: 'relay' }),
  apart('one packet in ten is lost', stun, (networks) => {
    for (const home of homes)
      networks.configure(home, { rules: ['meta l4proto udp numgen random mod 100 < 10 drop'] });
  }),
  fine('they part, and meet again', async (stage) => {
    const [a, b] = [await stage.raw(), await stage.raw()];
    a.send({ type: 'pair_request', target_id: b.id });
    await b.next('paired');
    a.send({ type: 'unpair' });
    await b.next('peer_disconnected');
    a.close();
    b.close();
    await connect(await stage.peer(), await stage.peer());
  }),
];
