/** The main program of a worker: it serves as the primary process tells it; only the primary reacts to signals. */
import { OptionError } from '../../common/options.ts';
import { WorkerBus } from '../cluster/bus/workers/worker-bus.ts';
import { listen } from '../dialects/native/listen.ts';
import type { SignalingServer } from '../server.ts';
import { startServer } from '../start-server.ts';
import { createLogger } from '../telemetry/logger.ts';
import { FleetPages } from './fleet-pages.ts';
import type { ToPrimary, ToWorker } from './worker-messages.ts';

const tell = (message: ToPrimary) => void process.send?.(message, undefined, undefined, () => {});

/** Waiting requests for the metrics of all workers. */
const asking: ((text: string) => void)[] = [];
const pages = new FleetPages((request) => tell({ type: 'page', request }));
let server: SignalingServer | undefined;
let bus: WorkerBus | undefined;

// A terminal and a service manager send signals to every process, but only the primary handles them.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

process.on('message', (message: ToWorker) => {
  switch (message.type) {
    case 'start':
      void start(message);
      return;
    case 'reload':
      // The primary has already validated the options; an error here means that a file has changed since.
      void server
        ?.reload({ ...message.options, node: server.options.node })
        .catch((error: Error) =>
          server?.parts.log.error({ event: 'options_kept' }, `Options stay as they were: ${error.message}`),
        );
      return;
    case 'drain':
      void server?.drain({ isOfAll: true });
      return;
    case 'stop':
      void server?.stop();
      return;
    case 'bus':
      bus?.told(message.notice);
      return;
    case 'limits':
      server?.parts.sharedLimits?.changedElsewhere(message.changes);
      return;
    case 'page':
      pages.noticed(message.notice);
      return;
    case 'state_wanted':
      void tellState();
      return;
    case 'metrics':
      for (const answer of asking.splice(0)) answer(message.text);
      return;
  }
});

async function start({
  worker,
  workers,
  options,
  isOnBus,
}: Extract<ToWorker, { type: 'start' }>): Promise<void> {
  if (isOnBus) bus = new WorkerBus(options.node, (request) => tell({ type: 'bus', request }));
  try {
    server = await startServer(options, {
      log: createLogger(options.logLevel, options.logFormat, { worker }),
      ...(bus && { bus }),
      listen: (deps, handlers) => listen({ ...deps, sharesPort: true }, handlers),
      fleet: {
        metricsText: () =>
          new Promise((resolve) => {
            asking.push(resolve);
            tell({ type: 'metrics_wanted' });
          }),
        drain: () => tell({ type: 'drain_wanted' }),
        limitsChanged: (changes) => tell({ type: 'limits', changes }),
        workers,
        pages,
      },
    });
  } catch (error) {
    const { message } = error as Error;
    tell({ type: 'failed', message, ...(error instanceof OptionError && { problems: error.problems }) });
    process.disconnect?.();
    return;
  }
  tell({ type: 'started' });
  pages.serve(server.parts.inspector);
  await server.ended;
  process.disconnect?.();
}

async function tellState(): Promise<void> {
  if (!server) return;
  const { metrics, readiness } = server.parts;
  tell({ type: 'state', metrics: await metrics.values(), readiness: readiness.answer() });
}

tell({ type: 'loaded' });
