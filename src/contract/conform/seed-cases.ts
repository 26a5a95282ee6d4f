/** What every server of this protocol has done since its first version. */
import type { Case, Trial } from './case.ts';
import { Deviation, expectFit } from './deviation.ts';
import type { Message, Wire } from './wire.ts';

const OFFER = { type: 'offer', sdp: 'v=0\r\n' };
const ANSWER = { type: 'answer', sdp: 'v=0\r\na=answer\r\n' };
const CANDIDATE = {
  type: 'candidate',
  candidate: { candidate: 'candidate:1 1 udp 2 192.0.2.1 9 typ host', sdpMid: '0', sdpMLineIndex: 0 },
};
const fromPeer = (message: object) => ({ ...message, from_peer: true });

/** Expects exactly these messages, in this order. */
async function expectHeard(wire: Wire, when: string, patterns: readonly object[]): Promise<Message[]> {
  const heard = await wire.heard(when);
  expectFit(when, patterns, heard);
  return heard;
}

/** A server answers each bad input with at most one error, and the connection stays open. */
async function expectErrorsAtMost(wire: Wire, when: string, count: number): Promise<void> {
  const heard = await wire.heard(when);
  if (heard.length > count || heard.some(({ type }) => type !== 'error'))
    throw new Deviation(when, `at most ${count} errors`, JSON.stringify(heard));
}

const errorTo = (text: string) => ({ type: 'error', message: text });
const ask = (wire: Wire, target: { readonly id: string }) =>
  wire.send({ type: 'pair_request', target_id: target.id });

async function seedHas(trial: Trial): Promise<Wire[]> {
  const [a, b] = await trial.pair();
  return [a, b, await trial.open()];
}

export const seedCases: readonly Case[] = [
  {
    name: 'your_id is the first message of every connection, and no two ids are equal',
    level: 'seed',
    async run({ open }) {
      const wires = [await open(), await open(), await open()];
      const ids = wires.map(({ greeting }) => greeting.id);
      if (ids.some((id) => typeof id !== 'string' || id === '') || new Set(ids).size < ids.length)
        throw new Deviation('three clients connected', 'three different ids', JSON.stringify(ids));
    },
  },
  {
    name: 'a pair request pairs: the one who asked is the initiator, and each is told the id of the other',
    level: 'seed',
    async run({ open }) {
      const [a, b] = [await open(), await open()];
      ask(a, b);
      await expectHeard(a, 'it asked for b', [{ type: 'paired', peer_id: b.id, initiator: true }]);
      await expectHeard(b, 'a asked for it', [{ type: 'paired', peer_id: a.id, initiator: false }]);
    },
  },
  {
    name: 'a pair request is refused in order: the target exists, the asker is free, the target is free',
    level: 'seed',
    async run(trial) {
      const [a, b, c] = (await seedHas(trial)) as [Wire, Wire, Wire];
      const nobody = { id: '00000000-0000-4000-8000-000000000001' };
      for (const [asker, target, text, when] of [
        [c, nobody, 'Target client not found', 'a free client asked for an id that nobody has'],
        [a, nobody, 'Target client not found', 'a paired client asked for an id that nobody has'],
        [a, c, 'You are already paired', 'a paired client asked for a free one'],
        [a, b, 'You are already paired', 'a paired client asked for its peer'],
        [c, a, 'Target client is already paired', 'a free client asked for a paired one'],
      ] as const) {
        ask(asker, target);
        expectFit(when, errorTo(text), await asker.next(when));
      }
      for (const wire of [a, b, c]) await expectHeard(wire, 'all requests were refused', []);
    },
  },
  ...[OFFER, ANSWER, CANDIDATE].map(
    (message): Case => ({
      name: `${message.type} reaches the peer as it was sent, with from_peer, and nobody else`,
      level: 'seed',
      async run(trial) {
        const [a, b, c] = (await seedHas(trial)) as [Wire, Wire, Wire];
        // An answer must follow an offer, which a server may insist on.
        const [from, to] = message === ANSWER ? [b, a] : [a, b];
        if (message === ANSWER) {
          a.send(OFFER);
          await expectHeard(b, 'a offered', [fromPeer(OFFER)]);
        }
        from.send({ ...message, extra: { kept: [1, 'ü', null] }, from_peer: 'forged' });
        const relayed = { ...message, extra: { kept: [1, 'ü', null] }, from_peer: true };
        await expectHeard(from, `it sent ${message.type}`, []);
        await expectHeard(to, `its peer sent ${message.type}`, [relayed]);
        await expectHeard(c, `others sent ${message.type}`, []);
      },
    }),
  ),
  {
    name: 'signals of one client arrive in the order in which it sent them',
    level: 'seed',
    async run(trial) {
      const [a, b] = await trial.pair();
      a.send(OFFER);
      const candidates = Array.from({ length: 20 }, (_, at) => ({ ...CANDIDATE, at }));
      for (const candidate of candidates) a.send(candidate);
      await expectHeard(a, 'it sent an offer and 20 candidates', []);
      await expectHeard(b, 'its peer sent an offer and 20 candidates', [OFFER, ...candidates].map(fromPeer));
    },
  },
  {
    name: 'what is no JSON, no object or of no known type is answered with an error at most, and the connection stays',
    level: 'seed',
    async run(trial) {
      const [a, b] = await trial.pair();
      const bad = [
        '',
        '{',
        'null',
        '5',
        '"text"',
        '[]',
        '{}',
        '{"type":5}',
        '{"type":"no_such_type"}',
        '{"type":"__proto__"}',
      ];
      for (const text of bad) a.send(text);
      await expectErrorsAtMost(a, `it sent ${bad.length} frames that are no messages`, bad.length);
      await expectHeard(b, 'its peer sent frames that are no messages', []);
      a.send(OFFER);
      await expectHeard(a, 'it offered after frames that are no messages', []);
      await expectHeard(b, 'its peer offered after frames that are no messages', [fromPeer(OFFER)]);
    },
  },
  {
    name: 'a signal of a client that is not paired is dropped, and the connection stays',
    level: 'seed',
    async run({ open }) {
      const [a, b] = [await open(), await open()];
      for (const message of [OFFER, ANSWER, CANDIDATE]) a.send(message);
      await expectErrorsAtMost(a, 'it sent three signals while it was not paired', 3);
      await expectHeard(b, 'another client sent signals', []);
    },
  },
  ...[1000, undefined].map(
    (code): Case => ({
      name: `a peer that ${code ? 'closes its socket' : 'loses its socket'} is told of, and the other may pair with a third`,
      level: 'seed',
      async run(trial) {
        const [a, b, c] = (await seedHas(trial)) as [Wire, Wire, Wire];
        await a.close(code);
        const when = 'its peer was gone';
        expectFit(when, { type: 'peer_disconnected' }, await b.next(when));
        ask(c, b);
        await expectHeard(b, 'a third client asked for it', [
          { type: 'paired', peer_id: c.id, initiator: false },
        ]);
        await expectHeard(c, 'it asked for a client that was left', [
          { type: 'paired', peer_id: b.id, initiator: true },
        ]);
      },
    }),
  ),
  {
    name: 'a client that has gone is not found',
    level: 'seed',
    async run({ pair }) {
      const [a, b] = await pair();
      await b.close(1000);
      expectFit('its peer left', { type: 'peer_disconnected' }, await a.next('its peer left'));
      ask(a, b);
      const when = 'it asked for a client that has gone';
      expectFit(when, errorTo('Target client not found'), await a.next(when));
    },
  },
];

/** The longest that a case waits for a ping. */
const MAX_PING_WAIT_MS = 10_000;
/** The longest time that a server gives a client to answer a ping; the protocol does not state it. */
const MAX_PING_TIMEOUT_MS = 20_000;

/** @param pingIntervalMs of the server, if `your_id` does not state it */
export function pingCases(pingIntervalMs: number | undefined): readonly Case[] {
  return [
    {
      name: 'a silent client is pinged, a pong keeps it, and one that never answers is closed',
      level: 'seed',
      async run({ open }) {
        const [answering, silent] = [await open(), await open()];
        const told = answering.greeting.ping_interval_ms;
        const interval = pingIntervalMs ?? (typeof told === 'number' ? told : undefined);
        if (interval === undefined)
          return 'the server does not say its ping interval; give --ping-interval-ms';
        if (interval === 0) return 'the server does not ping';
        if (interval > MAX_PING_WAIT_MS)
          return `the server pings after ${interval} ms of silence; start it with a shorter interval`;
        silent.answersPings = false;
        expectFit('it was silent', { type: 'ping' }, await silent.next('it was silent', 2 * interval));
        await silent.closed('it did not answer the ping', MAX_PING_TIMEOUT_MS);
        await expectHeard(answering, 'it answered each ping', []);
      },
    },
  ];
}
