/**
 * `npm run bench:rooms`: measures the time from the first join to the whole mesh, signaling only, and what a membership
 * costs the servers; then runs rooms over three nodes while clients drop and nodes are killed. The exit status is 1 if
 * an edge is lost without a reason given.
 */
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { NodeCluster } from '../tools/node-cluster.ts';
import { NodeProcess } from '../tools/node-process.ts';
import { RoomCrowd, until } from './rooms/crowd.ts';
import { cpuUs, residentBytes } from './support/process-facts.ts';

const HELP = `npm run bench:rooms -- [--quick] [--only NAME]

  --quick       a twentieth of everything, for a look
  --only NAME   one part: one (node), three (nodes) or faults; may be given more than once
`;

const { values: given } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: ['one', 'three', 'faults'] },
    help: { type: 'boolean', default: false },
  },
});
if (given.help) {
  console.log(HELP);
  process.exit();
}
const isChosen = (part: string) => given.only.includes(part);
const shrink = (count: number) => (given.quick ? Math.max(2, Math.ceil(count / 20)) : count);

const SIZES = [
  { rooms: shrink(1_000), size: 8 },
  { rooms: shrink(100), size: 32 },
];
const FAULTS = { rooms: shrink(100), size: 8, drops: shrink(200), kills: given.quick ? 2 : 10 };
const MESH_MS = 600_000;
/** A killed node is noticed by its silence, its clients' absence by the grace; a missing edge is retried by then. */
const SETTLE_MS = 180_000;
const GRACE_MS = 4_000;
const OPTIONS = ['--log-level', 'warn', '--max-rooms', '0', '--max-delivered-bytes-per-second', '0'];
OPTIONS.push('--resume-grace-ms', `${GRACE_MS}`, '--max-message-burst', '1000000');

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const pick = <T>(list: readonly T[]) => list[Math.floor(Math.random() * list.length)] as T;
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

async function measureJoins(nodes: readonly NodeProcess[], rooms: number, size: number): Promise<void> {
  const pids = nodes.map(({ pid }) => pid);
  const crowd = new RoomCrowd(rooms, size, (n) => (nodes[n % nodes.length] as NodeProcess).url);
  const [cpu, rss] = [sum(pids.map(cpuUs)), sum(pids.map(residentBytes))];
  const started = performance.now();
  await crowd.join(MESH_MS, (whole) =>
    progress(`${nodes.length} nodes: ${whole} of ${rooms} rooms of ${size}`),
  );
  const seconds = (performance.now() - started) / 1_000;
  const memberships = rooms * size;
  const cpuEach = (sum(pids.map(cpuUs)) - cpu) / memberships;
  const bytesEach = (sum(pids.map(residentBytes)) - rss) / memberships;
  const edges = (rooms * size * (size - 1)) / 2;
  progress('');
  console.log(
    `| ${rooms} rooms of ${size}, ${nodes.length === 1 ? 'one node' : `${nodes.length} nodes`} | ${edges} | ` +
      `${seconds.toFixed(1)} s | ${((seconds * 1_000) / rooms).toFixed(1)} ms | ${(cpuEach / 1_000).toFixed(2)} ms | ` +
      `${(bytesEach / 1_024).toFixed(0)} KiB |`,
  );
  crowd.close();
  await sleep(GRACE_MS);
}

/** @returns how many edges are lost without a reason given */
async function measureFaults(cluster: NodeCluster): Promise<number> {
  const { rooms, size, drops, kills } = FAULTS;
  const anyUrl = () => pick(cluster.nodes.filter(({ isRunning }) => isRunning)).url;
  const crowd = new RoomCrowd(rooms, size, anyUrl);
  await crowd.join(MESH_MS, (whole) => progress(`faults: ${whole} of ${rooms} rooms`));
  for (let done = 0; done < drops; done += 1) {
    pick(crowd.members).drop();
    await sleep(20 * Math.random());
    progress(`faults: ${done} of ${drops} sockets lost`);
  }
  for (let done = 0; done < kills; done += 1) {
    const node = pick(cluster.nodes);
    await node.kill();
    await sleep(2_000 * Math.random());
    await node.restart();
    progress(`faults: ${done} of ${kills} nodes killed`);
  }
  await until(() => crowd.unnamed === 0, SETTLE_MS, 'a name for each edge').catch(() => {});
  const { unnamed } = crowd;
  await until(() => crowd.wholeRooms === rooms, SETTLE_MS, 'whole meshes').catch(() => {});
  progress('');
  console.log(
    `\n${drops} sockets lost and ${kills} nodes killed (kill -9) under ${rooms} rooms of ${size} on three nodes: ` +
      `${unnamed} members with an edge that has no name, ${crowd.wholeRooms} of ${rooms} meshes whole in the end`,
  );
  crowd.close();
  return unnamed;
}

console.log(
  `${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}\n`,
);
console.log('| | edges | all meshes whole after | a room | CPU a membership | memory a membership |');
console.log('| --- | ---: | ---: | ---: | ---: | ---: |');
for (const { rooms, size } of SIZES) {
  if (isChosen('one')) {
    const node = await NodeProcess.start(...OPTIONS);
    await measureJoins([node], rooms, size);
    await node.kill();
  }
  if (isChosen('three')) {
    const cluster = await NodeCluster.start(3, ...OPTIONS);
    await measureJoins(cluster.nodes, rooms, size);
    await cluster.stop();
  }
}
if (isChosen('faults')) {
  const cluster = await NodeCluster.start(3, ...OPTIONS);
  const unnamed = await measureFaults(cluster);
  await cluster.stop();
  process.exitCode = unnamed === 0 ? 0 : 1;
}
process.exit();
