/**
 * What docs/protocol.md promises beyond the original protocol: codes, keys, epochs, reports, and resumable sessions.
 */
import type { Case } from './case.ts';
import { Deviation, expectFit, fits, shown } from './deviation.ts';
import type { Wire } from './wire.ts';

const OFFER = { type: 'offer', sdp: 'v=0\r\n' };
const ANSWER = { type: 'answer', sdp: 'v=0\r\na=answer\r\n' };
const KEY = /^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$/;

const refusal = (code: string, type?: string) => ({ type: 'error', code, ...(type && { for: type }) });

async function expectHeard(wire: Wire, when: string, patterns: readonly object[]): Promise<void> {
  expectFit(when, patterns, await wire.heard(when));
}

/** The frame, parsed. */
async function frameOf(wire: Wire, when: string): Promise<unknown> {
  const text = await wire.nextFrame(when);
  try {
    return JSON.parse(text);
  } catch {
    throw new Deviation(when, 'JSON', text.slice(0, 100));
  }
}

/** The next frame except for acks, which may arrive at any time. */
async function numberedFrame(wire: Wire, when: string): Promise<unknown> {
  for (;;) {
    const frame = await frameOf(wire, when);
    if (!fits({ type: 'ack' }, frame)) return frame;
  }
}

async function expectFrame(wire: Wire, when: string, pattern: unknown): Promise<void> {
  expectFit(when, pattern, await numberedFrame(wire, when));
}

async function keyOf(wire: Wire, request: object = {}): Promise<string> {
  wire.send({ type: 'create_key', ...request });
  const when = 'it asked for a key';
  const made = await wire.next(when);
  if (made.type !== 'key' || typeof made.key !== 'string' || !KEY.test(made.key))
    throw new Deviation(when, '`key` of three groups of four', shown(made));
  return made.key;
}

const refusals: readonly { readonly name: string; readonly sent: string; readonly is: object }[] = [
  { name: 'what is no JSON', sent: '{', is: refusal('invalid_json') },
  { name: 'what is no object', sent: '[]', is: refusal('invalid_message') },
  { name: 'a message without a type', sent: '{}', is: refusal('invalid_message') },
  { name: 'an unknown type', sent: '{"type":"no_such_type"}', is: refusal('unknown_type') },
  { name: 'a lone surrogate', sent: '{"type":"offer","sdp":"\\ud800"}', is: refusal('invalid_json') },
  {
    name: 'a field of 100 levels',
    sent: `{"type":"pong","deep":${'['.repeat(100)}${']'.repeat(100)}}`,
    is: refusal('invalid_message', 'pong'),
  },
  {
    name: 'a key that nobody made',
    sent: '{"type":"pair_request","key":"0000-0000-0000"}',
    is: refusal('key_not_found', 'pair_request'),
  },
];

export const fullCases: readonly Case[] = [
  ...refusals.map(
    ({ name, sent, is }): Case => ({
      name: `${name} is refused by its code, and the connection stays`,
      level: 'full',
      async run({ open }) {
        const wire = await open();
        wire.send(sent);
        expectFit(name, is, await wire.next(name));
        await expectHeard(wire, name, []);
      },
    }),
  ),
  {
    name: 'a client cannot pair with itself',
    level: 'full',
    async run({ open }) {
      const wire = await open();
      wire.send({ type: 'pair_request', target_id: wire.id });
      const when = 'it asked for itself';
      expectFit(when, refusal('self_pairing', 'pair_request'), await wire.next(when));
    },
  },
  {
    name: 'a key pairs with its maker, as people type it, and only as often as it says',
    level: 'full',
    async run({ open }) {
      const [a, b, c] = [await open(), await open(), await open()];
      const key = await keyOf(a, { uses: 1 });
      b.send({ type: 'pair_request', key: ` ${key.toLowerCase().replaceAll('-', ' ')} ` });
      await expectHeard(b, 'it asked by a key in lower case with spaces', [
        { type: 'paired', peer_id: a.id, initiator: true },
      ]);
      await expectHeard(a, 'another used its key', [{ type: 'paired', peer_id: b.id, initiator: false }]);
      c.send({ type: 'pair_request', key });
      const when = 'it asked by a key that is used up';
      expectFit(when, refusal('key_not_found', 'pair_request'), await c.next(when));
    },
  },
  {
    name: 'a client that connected with ?pair=key is paired by key only',
    level: 'full',
    async run({ open }) {
      const [a, b] = [await open('pair=key'), await open()];
      b.send({ type: 'pair_request', target_id: a.id });
      const when = 'it asked by id for a client that wants a key';
      expectFit(when, refusal('key_required', 'pair_request'), await b.next(when));
      b.send({ type: 'pair_request', key: await keyOf(a) });
      await expectHeard(b, 'it asked by key', [{ type: 'paired', peer_id: a.id }]);
    },
  },
  {
    name: 'both are told the same epoch, and of two pairings not the same',
    level: 'full',
    async run({ open }) {
      const [a, b] = [await open(), await open()];
      const epochs: unknown[] = [];
      for (let round = 0; round < 2; round += 1) {
        const key = await keyOf(b);
        a.send({ type: 'pair_request', key });
        const [own, others] = [await a.next('it was paired'), await b.next('it was paired')];
        expectFit('both were paired', { epoch: own.epoch }, others);
        epochs.push(own.epoch);
        a.send({ type: 'unpair' });
        await expectHeard(a, 'it unpaired', []);
        await expectHeard(b, 'its peer unpaired', [
          { type: 'peer_disconnected', peer_id: a.id, reason: 'unpaired' },
        ]);
      }
      if (epochs[0] === epochs[1] || !epochs.every(Number.isInteger))
        throw new Deviation('two pairings', 'two different whole numbers', shown(epochs));
    },
  },
  {
    name: 'who was just left may not ask for the leaver by its id; the leaver may',
    level: 'full',
    async run({ open }) {
      const [a, b] = [await open(), await open()];
      a.send({ type: 'pair_request', target_id: b.id });
      await a.next('it was paired');
      await b.next('it was paired');
      a.send({ type: 'unpair' });
      await b.next('its peer unpaired');
      b.send({ type: 'pair_request', target_id: a.id });
      await expectHeard(b, 'it asked for who had just left it', [refusal('just_left', 'pair_request')]);
      a.send({ type: 'pair_request', target_id: b.id });
      await expectHeard(a, 'it asked for whom it had left', [
        { type: 'paired', peer_id: b.id, initiator: true },
      ]);
    },
  },
  {
    name: 'a signal that names another epoch is dropped without a word',
    level: 'full',
    async run({ pair }) {
      const [a, b] = await pair();
      for (const message of [OFFER, ANSWER, { type: 'candidate', candidate: null }, { type: 'unpair' }])
        a.send({ ...message, epoch: 0 });
      await expectHeard(a, 'it sent signals of another epoch', []);
      await expectHeard(b, 'its peer sent signals of another epoch', []);
    },
  },
  {
    name: 'the numbered frames of a session that comes back: lost is sent again, had is dropped, under the same numbers',
    level: 'full',
    async run({ open }) {
      const a = await open('resume=1');
      const b = await open();
      const secret = a.greeting.resume;
      if (typeof secret !== 'string')
        throw new Deviation('it connected with ?resume=1', '`resume`', shown(a.greeting));
      const paired = (peer: Wire, initiator: boolean) => ({ type: 'paired', peer_id: peer.id, initiator });
      a.send(JSON.stringify([1, 0, { type: 'pair_request', target_id: b.id }]));
      await expectFrame(a, 'it asked for b', [1, 1, paired(b, true)]);
      await expectHeard(b, 'a asked for it', [paired(a, false)]);
      a.send(JSON.stringify([2, 1, OFFER]));
      expectFit('its peer offered', { ...OFFER, from_peer: true }, await b.next('its peer offered'));
      await a.close();
      expectFit(
        'its peer lost its socket',
        { type: 'peer_away', peer_id: a.id },
        await b.next('its peer lost its socket'),
      );
      b.send(ANSWER);
      await expectHeard(b, 'it answered a peer that is away', []);
      const back = await open('resume=back', { type: 'resume', id: a.id, token: secret, received: 1 });
      expectFit('it came back with its secret', { id: a.id, received: 2 }, back.greeting);
      await expectFrame(back, 'it came back', [2, 2, { ...ANSWER, from_peer: true }, 1]);
      expectFit(
        'its peer came back',
        { type: 'peer_back', peer_id: a.id },
        await b.next('its peer came back'),
      );
      back.send(JSON.stringify([2, 2, OFFER]));
      back.send(JSON.stringify([3, 2, { type: 'create_key' }]));
      await expectFrame(back, 'it asked for a key', [3, 3, { type: 'key' }]);
      await expectHeard(b, 'its peer sent a frame again that had come before', []);
      await back.close(1000);
      const when = 'its peer said goodbye';
      expectFit(when, { type: 'peer_disconnected', reason: 'disconnected' }, await b.next(when));
    },
  },
  {
    name: 'an offer that is sent ahead of `paired` comes once, whether the server takes it or it has to come again',
    level: 'full',
    async run({ open }) {
      const [a, b] = [await open('resume=1'), await open('resume=1')];
      a.send(JSON.stringify([1, 0, { type: 'pair_request', target_id: b.id }]));
      a.send(JSON.stringify([2, 0, { ...OFFER, request: 1 }]));
      const paired = await numberedFrame(a, 'it asked for b');
      expectFit('it asked for b', [1, 1, { type: 'paired', peer_id: b.id, initiator: true }], paired);
      const isTaken = fits([1, 1, { request: 1 }], paired);
      if (!isTaken) a.send(JSON.stringify([3, 1, OFFER]));
      await expectFrame(b, 'a asked for it', [1, 0, { type: 'paired', initiator: false }]);
      const relayed = { ...OFFER, request: undefined, from_peer: true };
      await expectFrame(b, 'its peer offered', [2, 0, relayed, isTaken ? 2 : 3]);
      b.send(JSON.stringify([1, 2, { type: 'create_key' }]));
      await expectFrame(b, 'it has the offer', [3, 1, { type: 'key' }]);
      const seq = isTaken ? 3 : 4;
      a.send(JSON.stringify([seq, 1, { type: 'create_key' }]));
      await expectFrame(a, 'its peer has the offer', [2, seq, { type: 'key' }]);
    },
  },
  {
    name: 'a wrong secret gives a new session, and says so',
    level: 'full',
    async run({ open }) {
      const a = await open('resume=1');
      const wire = await open('resume=back', { type: 'resume', id: a.id, token: 'forged', received: 0 });
      if (wire.greeting.id === a.id || wire.greeting.received !== undefined)
        throw new Deviation('it came with a forged secret', 'a new session', shown(wire.greeting));
      await expectFrame(wire, 'it came with a forged secret', [1, 0, refusal('resume_failed', 'resume')]);
      a.send(JSON.stringify([1, 0, { type: 'create_key' }]));
      await expectFrame(a, 'another came with a forged secret for its session', [1, 1, { type: 'key' }]);
    },
  },
  {
    name: 'frame numbers that are impossible close the session with 1008',
    level: 'full',
    async run({ open }) {
      const wire = await open('resume=1');
      wire.send(JSON.stringify([5, 0, { type: 'pong' }]));
      const code = await wire.closed('it sent frame 5 before frame 1');
      expectFit('it sent frame 5 before frame 1', 1008, code);
    },
  },
];
