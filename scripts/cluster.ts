/**
 * `npm run cluster`: a broker, three nodes and many clients across them on this machine; nodes and the broker are killed
 * meanwhile, and what the clients recorded tells whether anything was lost. The status is 1 when it was.
 */
import { parseArgs } from 'node:util';
import { isClean, judge } from '../bench/support/history.ts';
import { endAllAtExit } from '../bench/support/process-group.ts';
import { reportOf } from '../src/client/fleet-report.ts';
import { Display, faults, type View } from './cluster/display.ts';
import { Scene } from './cluster/scene.ts';
import { Trouble } from './cluster/trouble.ts';

const HELP = `npm run cluster -- [options]

  --nodes N     nodes (3)
  --pairs N     pairs of light clients, whose histories are judged (40)
  --bots N      pairs of real bots with a data channel (4)
  --rate N      messages a second that each says (5)
  --every S     seconds between one kill and the next; 0: nobody is killed (4)
  --seconds S   how long; 0: until Ctrl+C (0)
  --json        nothing but the result, as one JSON object

It ends with status 1 when a message was lost, doubled or out of order, or a pairing ended.
`;

const SHOW_MS = 250;
const JUDGE_MS = 1_000;

const { values: given } = parseArgs({
  options: {
    nodes: { type: 'string', default: '3' },
    pairs: { type: 'string', default: '40' },
    bots: { type: 'string', default: '4' },
    rate: { type: 'string', default: '5' },
    every: { type: 'string', default: '4' },
    seconds: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function integer(name: 'nodes' | 'pairs' | 'bots' | 'rate' | 'every' | 'seconds', min: number): number {
  const value = Number(given[name]);
  if (Number.isInteger(value) && value >= min) return value;
  console.error(`--${name}: should be a whole number, at least ${min}`);
  process.exit(2);
}

async function main(): Promise<number> {
  const options = {
    nodes: integer('nodes', 1),
    pairs: integer('pairs', 1),
    bots: integer('bots', 0),
    rate: integer('rate', 1),
  };
  const [every, seconds] = [integer('every', 0), integer('seconds', 0)];
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  endAllAtExit();
  const display = new Display(given.json ? undefined : process.stdout);
  const scene = await Scene.start(options).catch((error: NodeJS.ErrnoException) => {
    const isMissing = error.code === 'ENOENT' && error.syscall?.includes('nats-server');
    console.error(
      isMissing ? 'There is no nats-server here. Install it (Debian: apt-get install nats-server).' : error,
    );
    return undefined;
  });
  if (!scene) return 1;
  for (const [n, { port }] of scene.cluster.nodes.entries())
    display.tell(`node ${n + 1} is up: http://127.0.0.1:${port}/inspect/`);
  const trouble = new Trouble(scene, (event) => display.tell(event));
  const watching = watch(scene, display, options.bots);
  let isOver = false;
  const over = stopped.then(() => {
    isOver = true;
  });
  await Promise.race([scene.populate(), over]);
  display.tell(`all are paired: ${options.pairs} light pairs, ${scene.bots.counts.pairs} pairs of real bots`);
  const timeUp = seconds > 0 ? sleep(seconds * 1_000) : new Promise<void>(() => {});
  const ended = Promise.race([over, timeUp]).then(() => {
    isOver = true;
  });
  while (!isOver) {
    await Promise.race([ended, every > 0 ? sleep(every * 1_000) : ended]);
    if (!isOver) await trouble.strike();
  }
  display.tell('it ends: what is on its way arrives, and everybody leaves');
  await scene.settle();
  await watching.stop();
  const verdict = scene.light.verdict;
  const bots = reportOf(scene.bots.counts, display.seconds);
  const isWell = isClean(verdict) && scene.light.problems.length === 0 && bots.failedPairs + bots.lost === 0;
  display.tell(`light clients: ${faults(verdict)}; real bots: lost ${bots.lost}, failed ${bots.failedPairs}`);
  watching.showLast();
  await scene.close();
  const { nodesKilled, brokersKilled } = trouble;
  if (given.json) {
    const { events } = display;
    console.log(
      JSON.stringify({ isWell, nodesKilled, brokersKilled, light: verdict, bots, events }, null, 2),
    );
  }
  return isWell ? 0 : 1;
}

/** Looks at everything again and again, and shows it. */
function watch(scene: Scene, display: Display, asked: number) {
  const { cluster, light, bots } = scene;
  let counts: View['nodes'][number]['counts'][] = [];
  let verdict = judge([]);
  const look = async () => {
    verdict = judge(light.histories, { isUnderWay: true });
    counts = await Promise.all(cluster.nodes.map((_, n) => scene.countsOf(n)));
  };
  const show = () => {
    const connected = light.clients.filter((client) => client.isConnected);
    display.show({
      seconds: display.seconds,
      broker: { url: cluster.nats.url, isRunning: cluster.nats.isRunning },
      nodes: cluster.nodes.map(({ port, isRunning }, n) => ({
        number: n + 1,
        isRunning,
        counts: isRunning ? counts[n] : undefined,
        clients: connected.filter((client) => scene.nodeOf(client) === n).length,
        page: `http://127.0.0.1:${port}/inspect/`,
      })),
      light: {
        ...verdict,
        connected: connected.length,
        across: light.pairs.filter(([a, b]) => scene.nodeOf(a) !== scene.nodeOf(b)).length,
      },
      bots: { ...bots.counts, asked },
    });
  };
  const timers = [setInterval(() => void look(), JUDGE_MS), setInterval(show, SHOW_MS)];
  return {
    showLast: show,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await look();
    },
  };
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

if (given.help) console.log(HELP);
else process.exit(await main());
