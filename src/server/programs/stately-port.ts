/**
 * `--stately-inspect`: a port for this machine only, on which the server reports its machines in the messages of
 * `@statelyai/inspect`: to `createWebSocketReceiver`, and to the page of `pairlane inspect`, which it serves there,
 * too. While nobody watches, no host is observed.
 */
import type { Clock } from '../../common/clock.ts';
import { readStately } from '../../inspector/stately/stately-message.ts';
import { closeCodes } from '../../protocol/index.ts';
import type { App } from '../http/shell/shell.ts';
import type { Source } from '../inspector/source.ts';
import { tellHosted } from './hosted-programs.ts';
import { openLocalApp } from './local-app.ts';
import { upgradeFor } from './program-access.ts';
import { ProgramFeed } from './program-feed.ts';

const MAX_RECEIVERS = 16;
/** A receiver with more unread bytes than this is closed. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024;
const MAX_RECEIVED_BYTES = 1_024;

interface ReceiverData {
  stop: (() => void) | undefined;
}

export interface StatelyPort {
  readonly port: number;
  close(): void;
}

/** @throws when the port is taken */
export async function openStatelyPort(
  port: number,
  sources: readonly Source[],
  clock: Clock,
): Promise<StatelyPort> {
  let stopTelling: (() => void) | undefined;
  const feed: ProgramFeed = new ProgramFeed({
    clock,
    lookedAt(isLookedAt) {
      stopTelling?.();
      stopTelling = undefined;
      if (!isLookedAt) return;
      // What was reported to pages that have left is outdated.
      feed.store.clear();
      const program = feed.store.programCame();
      stopTelling = tellHosted(sources, {
        send(message) {
          const read = readStately(JSON.stringify(message));
          if (read) feed.store.receive(program, read);
        },
      });
    },
  });
  const app = await openLocalApp(port, '--stately-inspect', (routes) => {
    addReceivers(routes, sources);
    feed.addRoutes(routes);
  });
  return {
    port: app.port,
    close() {
      feed.stop();
      app.close();
    },
  };
}

function addReceivers(app: App, sources: readonly Source[]): void {
  let receivers = 0;
  app.ws<ReceiverData>('/', {
    maxPayloadLength: MAX_RECEIVED_BYTES,
    maxBackpressure: MAX_UNSENT_BYTES,
    closeOnBackpressureLimit: true,
    upgrade: upgradeFor<ReceiverData>(() => ({ stop: undefined })),
    open(socket) {
      if (receivers >= MAX_RECEIVERS) {
        socket.end(closeCodes.tryAgainLater, 'As many receivers are told as may be');
        return;
      }
      receivers += 1;
      let isOpen = true;
      const stop = tellHosted(sources, {
        send(message) {
          if (isOpen) socket.send(JSON.stringify(message), false);
        },
      });
      socket.getUserData().stop = () => {
        isOpen = false;
        stop();
        receivers -= 1;
      };
    },
    close: (socket) => socket.getUserData().stop?.(),
  });
}
