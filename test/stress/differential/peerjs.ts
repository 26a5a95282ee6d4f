/**
 * PeerJS's own server (npm `peer`) and ours get the same input. Left out are the differences that
 * docs/migrate-from-peerjs.md lists as fixed, and time: nothing expires here on either server.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PeerServer } from 'peer';
import { startServer } from '../../../src/server/index.ts';
import { until } from '../../support/until.ts';
import { Random } from '../random.ts';
import { type Difference, type DifferentialReport, Twins } from './twin.ts';

const NEVER_MS = 86_400_000;
const IDS = ['a', 'b', 'c', 'd e', 'F', 'f', '0', 'ä', '__proto__', 'constructor'];

export async function comparePeerJs(frames: number, seed: number): Promise<DifferentialReport> {
  const random = new Random(seed);
  const original = await startOriginal();
  const ours = await startServer({
    ...{ port: 0, logLevel: 'silent', peerjs: true, pingIntervalMs: 0 },
    ...{ maxMessagesPerSecond: 0, maxBytesPerSecond: 0, maxUpgradesPerSecond: 0 },
  });
  const query = (id: string, token: string, key = 'peerjs') =>
    `peerjs?${new URLSearchParams({ key, id, token, version: '1.5.5' })}`;
  const connect = (path: string) => new Twins(`${original.url}${path}`, `${ours.url}${path}`);
  const clients = new Map<string, Twins>();
  /** By absent client: who has sent it something since it left. Ours drops that when its sender leaves. */
  const waiting = new Map<string, Set<string>>();
  const mayLeave = (id: string) => ![...waiting.values()].some((senders) => senders.has(id));
  const differences: Difference[] = [];
  let heard = 0;
  let mark = 0;
  const settle = async (id: string) => {
    mark += 1;
    const text = JSON.stringify({ type: 'CANDIDATE', src: id, dst: id, payload: { mark } });
    clients.get(id)?.send(text);
    for (const one of clients.get(id)?.both ?? []) await one.until((said) => said === text);
  };
  const compare = (frame: number, id: string, { original, ours }: Twins) => {
    const [one = [], other = []] = [original, ours].map(({ heard }) => heard.splice(0).map(inOrder));
    heard += one.length;
    if (JSON.stringify(one) !== JSON.stringify(other))
      differences.push({ frame, client: id, original: one, ours: other });
  };
  for (let frame = 0; frame < frames && differences.length < 10; frame += 1) {
    const id = random.pick(IDS);
    const client = clients.get(id);
    if (!client || random.below(200) === 0) {
      // A new client, or a bad request: an id that is taken, or missing or wrong fields.
      const isWrong = client !== undefined || random.below(10) === 0;
      const path = isWrong
        ? random.pick([query(client ? id : '', 'other'), query(id, ''), query(id, 't', 'wrong'), 'peerjs'])
        : query(id, `token ${frame}`);
      const twins = connect(path);
      for (const one of twins.both) await one.answered();
      const isOpen = twins.original.heard[0]?.includes('OPEN') && twins.original.closed === undefined;
      if (isOpen) {
        clients.set(id, twins);
        waiting.delete(id);
        await settle(id);
      } else await Promise.all(twins.both.map((one) => one.whenClosed()));
      compare(frame, id, twins);
      if (twins.original.closed !== twins.ours.closed)
        differences.push({ frame, client: id, original: [twins.original.closed], ours: [twins.ours.closed] });
      continue;
    }
    if (random.below(100) === 0 && mayLeave(id)) {
      await Promise.all(client.both.map((one) => one.close()));
      clients.delete(id);
      await original.left(id);
      while (ours.parts.features.started.peerjs?.realm.idsOf(undefined).includes(id))
        await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    const isHere = (dst: string) => {
      if (clients.has(dst)) return true;
      waiting.set(dst, (waiting.get(dst) ?? new Set()).add(id));
      return false;
    };
    client.send(frameFor(random, isHere));
    await settle(id);
    if (frame % 20 === 0)
      for (const [other, twins] of clients) {
        await settle(other);
        compare(frame, other, twins);
      }
  }
  for (const twins of clients.values()) for (const one of twins.both) one.socket.terminate();
  await ours.stop();
  await original.stop();
  return { seed, frames, heard, differences };
}

/** The message with its fields in the original's order: ours leaves them in the sender's, and adds `src` at the end. */
function inOrder(text: string): string {
  const { type, src, dst, payload, ...more } = JSON.parse(text);
  return JSON.stringify({ type, src, dst, payload, ...more });
}

/** Mostly as browsers make them; the others are not read as quickly. */
const TEXTS = [
  'v=0\r\n',
  'a=mid:0\r\n',
  'a=ice-ufrag:a+/\r\n',
  'a=x',
  ...['"', '\\', 'é', '\t', '\u2028', '}'],
];

/** A message of PeerJS's own client, with all of its fields in its order. */
function clientsFrame(random: Random, dst: string): string {
  const text = Array.from({ length: random.below(6) }, () => TEXTS[random.below(TEXTS.length)]).join('');
  const connection = { type: random.pick(['data', 'media']), connectionId: `dc_${random.below(9)}` };
  const more = {
    label: 'dc_1',
    reliable: random.below(2) === 0,
    serialization: random.pick(['binary', text]),
  };
  const candidate = { candidate: text, sdpMid: '0', sdpMLineIndex: random.below(3), usernameFragment: 'a+/' };
  const sdp = (type: string) => ({ sdp: text, type });
  const [type, payload] = random.pick<[string, object]>([
    ['CANDIDATE', { candidate, ...connection }],
    ['OFFER', { sdp: sdp('offer'), ...connection, ...more }],
    ['OFFER', { sdp: sdp('offer'), ...connection }],
    ['ANSWER', { sdp: sdp('answer'), ...connection }],
  ]);
  return JSON.stringify({ type, payload, dst });
}

function frameFor(random: Random, isHere: (id: string) => boolean): string | Buffer {
  const dst = random.pick(IDS);
  const type = random.pick([
    'OFFER',
    'ANSWER',
    'CANDIDATE',
    'CANDIDATE',
    'EXPIRE',
    'LEAVE',
    'HEARTBEAT',
    'OPEN',
    'x',
  ]);
  // The original holds few messages for an absent client, and fewer than our server keeps; ours also lets a LEAVE drop
  // them.
  if (!isHere(dst) && (type === 'LEAVE' || random.below(8) > 0)) return JSON.stringify({ type: 'HEARTBEAT' });
  const payload = random.pick([
    undefined,
    null,
    0,
    'text',
    [],
    { sdp: { type: 'offer', sdp: 'v=0' }, type: 'data', connectionId: `dc_${random.below(9)}` },
    { candidate: { candidate: 'candidate:1', sdpMid: '0' }, connectionId: 7, __proto__: 1 },
    { deep: { er: [{ and: ['er'] }] } },
  ]);
  const whole = JSON.stringify({ type, dst, payload, src: random.pick(['forged', undefined]), extra: 1 });
  switch (random.below(20)) {
    case 0:
      return random.pick([
        'null',
        '7',
        '"x"',
        '[]',
        '{}',
        '{"type":null}',
        '{"type":"OFFER"}',
        'no json',
        '',
      ]);
    case 1:
      return random.pick([
        '{"type":"OFFER","dst":7,"payload":1}',
        '{"type":"OFFER","dst":["a"]}',
        whole.slice(0, -2),
      ]);
    case 2:
      return Buffer.from(whole);
    case 3:
    case 4:
    case 5:
    case 6:
    case 7:
      return clientsFrame(random, dst);
    default:
      return whole;
  }
}

async function startOriginal() {
  let gone: (id: string) => void = () => {};
  const { app, server } = await new Promise<{ app: ReturnType<typeof PeerServer>; server: Server }>(
    (resolve) => {
      const app = PeerServer(
        { host: '127.0.0.1', port: 0, path: '/', expire_timeout: NEVER_MS, alive_timeout: NEVER_MS },
        (server) => resolve({ app, server: server as Server }),
      );
    },
  );
  // Without a listener, a frame that is not JSON would end this process.
  app.on('error', () => {});
  app.on('disconnect', (client) => gone(client.getId()));
  const left = new Set<string>();
  gone = (id) => left.add(id);
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    async left(id: string) {
      await until(() => left.delete(id));
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
