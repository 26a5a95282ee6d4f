/**
 * `npm run bench:growth`: what one client request costs the core with 1,000, 10,000 and 100,000 sessions present, in
 * CPU time of the process, without sockets; and how much memory a session takes.
 */
import { cpus } from 'node:os';
import { type SignalingServer, startServer } from '../src/server/index.ts';
import { sessionIdOn } from '../src/server/node-id.ts';
import type { ServerSession } from '../src/server/signaling/session.ts';
import { idleClient } from '../tools/idle-client.ts';
import { median } from './table.ts';

const CROWDS = [1_000, 10_000, 100_000];
const SLICES = 9;
const REQUESTS = 1_000;

type Step = readonly [
  name: string,
  before: (pair: Two, n: number) => void,
  step: (pair: Two, n: number) => void,
];
type Two = readonly [ServerSession, ServerSession];

function stepsOf({ parts }: SignalingServer): Step[] {
  const { signaling } = parts;
  const nothing = () => {};
  const ask = ([a, b]: Two) => signaling.pairRequest(a, { targetId: b.id, key: undefined });
  const join = ([a]: Two, n: number) =>
    signaling.rooms.join(a, { type: 'join_room', room: `room ${n}`, create: {} });
  return [
    ['a client comes', nothing, () => signaling.sessions.open(sessionIdOn(1), idleClient)],
    ['a pair request', nothing, ask],
    [
      'an end of a pairing',
      ask,
      ([a]) => {
        const [seat] = a.seats;
        if (seat?.pairing) signaling.pairings.end(seat.pairing, seat.side, 'closed');
      },
    ],
    ['a room is joined', nothing, join],
    ['a room is left', join, ([a], n) => signaling.rooms.leave(a, `room ${n}`)],
    ['a client goes', nothing, ([a]) => signaling.sessions.disconnected(a, true)],
  ];
}

async function measure(crowd: number): Promise<{ bytes: number; us: Map<string, number> }> {
  const server = await startServer({ port: 0, logLevel: 'silent', node: 1, maxRooms: 0 });
  const { sessions } = server.parts.signaling;
  global.gc?.();
  const before = process.memoryUsage().heapUsed;
  const open = () => sessions.open(sessionIdOn(1), idleClient);
  for (let n = 0; n < crowd; n += 1) open();
  global.gc?.();
  const bytes = (process.memoryUsage().heapUsed - before) / crowd;
  const us = new Map<string, number>();
  for (const [name, prepare, step] of stepsOf(server)) {
    const slices: number[] = [];
    for (let slice = 0; slice <= SLICES; slice += 1) {
      const pairs = Array.from({ length: REQUESTS }, (): Two => [open(), open()]);
      for (const [n, pair] of pairs.entries()) prepare(pair, n);
      const start = process.cpuUsage();
      for (const [n, pair] of pairs.entries()) step(pair, n);
      const { user, system } = process.cpuUsage(start);
      for (const session of [...server.parts.sessions.values()].slice(crowd))
        sessions.disconnected(session, true);
      if (slice > 0) slices.push((user + system) / REQUESTS);
    }
    us.set(name, median(slices));
  }
  await server.stop();
  return { bytes, us };
}

const measured = [];
for (const crowd of [...CROWDS.slice(0, 1), ...CROWDS]) measured.push(await measure(crowd));
// The first measurement only compiled the code.
measured.shift();
console.log(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}\n`,
);
console.log(`| µs of CPU | ${CROWDS.map((crowd) => `${crowd.toLocaleString('en')} sessions`).join(' | ')} |`);
console.log(`| --- |${CROWDS.map(() => ' ---: |').join('')}`);
for (const name of measured[0]?.us.keys() ?? [])
  console.log(`| ${name} | ${measured.map(({ us }) => us.get(name)?.toFixed(1)).join(' | ')} |`);
console.log(`| heap, bytes a session | ${measured.map(({ bytes }) => bytes.toFixed(0)).join(' | ')} |`);
process.exit();
