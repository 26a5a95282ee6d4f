/**
 * `npm run cluster`: runs a broker, three nodes and many clients across them on this machine and keeps killing nodes
 * and the broker. The clients' histories show whether anything was lost; the exit status is then 1.
 */

import { type FleetReport, reportOf } from '../src/client/commands/fleet-report.ts';
import { isClean, type Verdict } from '../tools/history.ts';
import { endAllAtExit } from '../tools/process-group.ts';
import { Scene } from './cluster/demo-cluster.ts';
import { Display, faults } from './cluster/display.ts';
import { Trouble } from './cluster/faults.ts';
import { openPage } from './cluster/open-page.ts';
import { type ClusterOptions, readOptions } from './cluster/options.ts';
import { pause } from './cluster/sleep.ts';
import { watch } from './cluster/watch.ts';

const INTERRUPTED_STATUS = 130;

async function main(options: ClusterOptions): Promise<number> {
  const display = new Display(process.stdout, options.json);
  const stopping = stopOnSignal(() =>
    display.tell('ending', 'it ends, once what is on its way has arrived; Ctrl+C again ends it at once'),
  );
  endAllAtExit();
  display.tell('starting', `a NATS server and ${options.nodes} nodes start`, { nodes: options.nodes });
  const scene = await startScene(options);
  if (!scene) return 1;
  const watching = watch(scene, display);
  for (const n of scene.cluster.nodes.keys())
    display.tell('node_up', `node ${n + 1} is up: ${scene.pageOf(n)}`, {
      node: n + 1,
      page: scene.pageOf(n),
    });
  const page = `${scene.pageOf(0)}#/nodes`;
  const isOpened = options.open && openPage(page);
  display.tell(
    'page',
    `${isOpened ? 'the browser opens' : 'open'} ${page} to see the nodes and what moves between them`,
    { page },
  );
  const trouble = new Trouble(scene, (...event) => display.tell(...event), stopping.signal);
  display.tell('pairing', `${options.pairs} pairs of light clients and ${options.bots} of real bots connect`);
  await scene.populate(stopping.signal);
  const { pairs } = scene.light;
  display.tell(
    'paired',
    `all are paired: ${pairs.length} pairs of light clients, ${scene.bots.counts.pairs} of real bots`,
    { lightPairs: pairs.length, botPairs: scene.bots.counts.pairs },
  );
  await haveTrouble(trouble, options, stopping);
  await scene.settle();
  const light = scene.light.verdict;
  const bots = reportOf(scene.bots.counts, display.seconds);
  const isClear = isClean(light) && scene.light.problems.length === 0 && areWell(bots);
  const { nodesKilled, brokersKilled } = trouble;
  display.tell('result', resultOf(light, bots, trouble), {
    isClear,
    nodesKilled,
    brokersKilled,
    light,
    bots,
    problems: scene.light.problems,
  });
  await watching.stop();
  await scene.close();
  return isClear ? 0 : 1;
}

/** The first signal asks all parts to stop; the second ends the process, and with it all child processes. */
function stopOnSignal(tell: () => void): AbortController {
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(INTERRUPTED_STATUS);
      stopping.abort();
      tell();
    });
  return stopping;
}

async function startScene(options: ClusterOptions): Promise<Scene | undefined> {
  try {
    return await Scene.start(options);
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    const isMissing = code === 'ENOENT' && syscall?.includes('nats-server');
    console.error(
      isMissing
        ? 'There is no nats-server here. Install it (Debian: apt-get install nats-server), or put it into the PATH.'
        : error,
    );
    return undefined;
  }
}

/** Kills one process after another until the time is over. */
async function haveTrouble(
  trouble: Trouble,
  { every, seconds }: ClusterOptions,
  stopping: AbortController,
): Promise<void> {
  const { signal } = stopping;
  const timer = seconds > 0 ? setTimeout(() => stopping.abort(), seconds * 1_000) : undefined;
  const forever = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
  while (!signal.aborted) {
    await (every > 0 ? pause(every * 1_000, signal) : forever);
    if (!signal.aborted) await trouble.strike();
  }
  clearTimeout(timer);
}

/** A bot that lost its peer has no channel any more, and counts an error. */
function areWell({ failedPairs, lost, errors }: FleetReport): boolean {
  return failedPairs + lost + Object.keys(errors).length === 0;
}

function resultOf(light: Verdict, bots: FleetReport, { nodesKilled, brokersKilled }: Trouble): string {
  const errors = Object.entries(bots.errors).map(([code, count]) => `, ${code} ${count}`);
  return [
    `killed meanwhile: ${nodesKilled} × a node, ${brokersKilled} × NATS`,
    `${light.sent.toLocaleString('en')} messages of light clients: ${faults(light)}`,
    `${bots.sent.toLocaleString('en')} of real bots: lost ${bots.lost}, failed pairs ${bots.failedPairs}${errors.join('')}`,
  ].join('; ');
}

process.exit(await main(readOptions()));
