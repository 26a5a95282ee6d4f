/** The bus of workers, over channels that copy what goes through them, as those between processes do. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { LocalBusHub } from '../../../../../src/server/cluster/bus/local-bus.ts';
import { WorkerBus, WorkerSeat } from '../../../../../src/server/cluster/bus/workers/worker-bus.ts';
import { describeBus } from '../bus-suite.ts';

describeBus('worker', async () => {
  const hub = new LocalBusHub();
  const ports: MessagePort[] = [];
  return {
    bus(id) {
      const { port1, port2 } = new MessageChannel();
      ports.push(port1, port2);
      const seat = new WorkerSeat(hub, (notice) => port2.postMessage(notice));
      const bus = new WorkerBus(id, (request) => port1.postMessage(request));
      port1.on('message', (notice) => bus.told(notice));
      port2.on('message', (request) => seat.asked(request));
      return bus;
    },
    goAway: async () => hub.goAway(),
    comeBack: async () => hub.comeBack(),
    end: async () => {
      for (const port of ports) port.close();
    },
  };
});
