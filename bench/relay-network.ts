/**
 * The relay network at scale: 50 servers in this process, 5,000 clients in another, over TCP on loopback. It checks
 * every table, then measures chat over 1, 3 and 7 hops and what one more registration costs. CPU is that of this
 * process only: the servers, without the clients.
 *
 * npm run bench:relay -- [--servers N] [--clients N] [--messages N] [--json]
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { pino } from 'pino';
import { RelayServer } from '../src/server/relay/relay-server.ts';
import type { ClientsOrder, ClientsReport } from './relay-clients.ts';

const HOPS = [1, 3, 7];
const CHAT_BYTES = 100;
const FIRST_CLIENT_ID = 1_000;
const LAST_JOINS = 5;

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: '50' },
    clients: { type: 'string', default: '5000' },
    messages: { type: 'string', default: '20000' },
    json: { type: 'boolean', default: false },
  },
});
const serverCount = Number(values.servers);
const clientCount = Number(values.clients);
const messageCount = Number(values.messages);
const spine = Math.max(...HOPS) + 1;
if (serverCount < spine || !(clientCount >= serverCount) || !(messageCount > 0))
  throw new Error(`--servers should be at least ${spine}, --clients at least as many, --messages above 0`);

const started = performance.now();
const progress = (text: string) =>
  process.stderr.write(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);

/** The first servers form a chain, which gives the seven hops; the others are attached to it in turn. */
const parentOf = (id: number) => (id === 1 ? undefined : id <= spine ? id - 1 : 1 + ((id - 1) % spine));

const servers: RelayServer[] = [];
for (let id = 1; id <= serverCount; id += 1) {
  const parent = parentOf(id);
  const server = new RelayServer({
    id,
    name: `server ${id}`,
    info: '',
    host: '127.0.0.1',
    port: 0,
    log: pino({ level: 'silent' }),
    parent: parent === undefined ? undefined : { host: '127.0.0.1', port: servers[parent - 1]?.port ?? 0 },
  });
  await server.start();
  servers.push(server);
}
await until(() => servers.every((server) => server.node.table.size === serverCount - 1));
progress(`${serverCount} servers know each other`);

const clients = fork(new URL('./relay-clients.ts', import.meta.url), { execArgv: process.execArgv });
const ports = servers.map((server) => server.port);

const joining = measure();
const joined = await ask({ type: 'join', ports, count: clientCount, firstId: FIRST_CLIENT_ID });
const join = joining();
progress(`${clientCount} clients are in, and each knows all others`);
if (joined.wrongTables !== 0) throw new Error(`${joined.wrongTables} clients have a wrong table`);
const wrongServers = servers.filter(({ node }) => {
  for (let i = 0; i < clientCount; i += 1)
    if (node.table.get(FIRST_CLIENT_ID + i)?.kind !== 'client') return true;
  return node.table.size !== serverCount - 1 + clientCount;
}).length;
if (wrongServers !== 0) throw new Error(`${wrongServers} servers have a wrong table`);
progress('every table of servers and clients is right');
const rssMb = Math.round(process.memoryUsage.rss() / 1024 / 1024);

const chats = [];
for (const hops of HOPS) {
  // Client i is at server 1 + i % servers: these two are `hops` links of the chain apart.
  const [from, to] = [FIRST_CLIENT_ID, FIRST_CLIENT_ID + hops];
  await ask({ type: 'chat', from, to, count: Math.ceil(messageCount / 10), bytes: CHAT_BYTES });
  const chatting = measure();
  await ask({ type: 'chat', from, to, count: messageCount, bytes: CHAT_BYTES });
  const { wallMs, cpuMs } = chatting();
  chats.push({
    hops,
    messages_per_s: Math.round((messageCount / wallMs) * 1000),
    cpu_us_per_message: round((cpuMs / messageCount) * 1000),
  });
  progress(`chat over ${hops} hops: ${JSON.stringify(chats.at(-1))}`);
}

const lasts: (ClientsReport & { cpuMs: number })[] = [];
for (let i = 0; i < LAST_JOINS; i += 1) {
  const lasting = measure();
  const last = await ask({ type: 'join_last', port: ports[serverCount - 1] ?? 0 });
  lasts.push({ ...last, cpuMs: lasting().cpuMs });
}
const median = (pick: (last: (typeof lasts)[number]) => number) =>
  round(lasts.map(pick).sort((a, b) => a - b)[Math.floor(lasts.length / 2)] ?? 0);
const result = {
  node: process.version,
  servers: serverCount,
  clients: clientCount,
  all_tables_right: true,
  join_all_s: round(join.wallMs / 1000),
  join_all_cpu_s: round(join.cpuMs / 1000),
  rss_mb: rssMb,
  chat_bytes: CHAT_BYTES,
  chat: chats,
  last_registration: {
    welcome_ms: median((last) => last.welcomeMs ?? 0),
    knows_all_ms: median((last) => last.knowsAllMs ?? 0),
    known_by_all_ms: median((last) => last.knownByAllMs ?? 0),
    server_cpu_ms_with_its_quit: median((last) => last.cpuMs),
  },
};
progress(`one more registration: ${JSON.stringify(result.last_registration)}`);
if (values.json) console.log(JSON.stringify(result));
else {
  console.log(`${serverCount} relay servers in one process, ${clientCount} clients, Node ${process.version}`);
  console.log(
    `all tables right; joined in ${result.join_all_s} s (${result.join_all_cpu_s} s CPU), RSS ${rssMb} MB`,
  );
  console.table(chats);
  console.table(result.last_registration);
}
clients.kill();
await Promise.all(servers.map((server) => server.kill()));

function measure() {
  const [wall, cpu] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(cpu);
    return { wallMs: performance.now() - wall, cpuMs: (user + system) / 1000 };
  };
}

async function ask(order: ClientsOrder): Promise<ClientsReport> {
  clients.send(order);
  const signal = AbortSignal.timeout(180_000);
  for (;;) {
    const [report] = (await once(clients, 'message', { signal })) as [ClientsReport];
    if (report.type === 'done') return report;
    progress(`${report.joined} clients are in`);
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

function round(value: number): number {
  return Number(value.toPrecision(3));
}
