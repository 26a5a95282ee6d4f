/** Where XState programs report their actors: with `pairlaneInspect()`, or with Stately's WebSocket client. */

import type { ProgramStore } from '../../inspector/stately/program-store.ts';
import { readStately } from '../../inspector/stately/stately-message.ts';
import { closeCodes } from '../../protocol/index.ts';
import type { App } from '../http/shell/shell.ts';
import { upgradeFor } from './program-access.ts';

const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
const MAX_PROGRAMS = 64;

interface ProgramData {
  program: number | undefined;
}

/** @param origins of pages whose programs may report, too */
export function addProgramSockets(app: App, store: ProgramStore, origins: readonly string[]): void {
  let programs = 0;
  app.ws<ProgramData>('/', {
    maxPayloadLength: MAX_MESSAGE_BYTES,
    upgrade: upgradeFor<ProgramData>(() => ({ program: undefined }), origins),
    open(socket) {
      if (programs >= MAX_PROGRAMS) {
        socket.end(closeCodes.tryAgainLater, 'As many programs are shown as may be');
        return;
      }
      programs += 1;
      socket.getUserData().program = store.programCame();
    },
    message(socket, bytes) {
      const { program } = socket.getUserData();
      const message = readStately(Buffer.from(bytes).toString('utf8'));
      if (program === undefined || !message) return;
      try {
        store.receive(program, message);
      } catch {
        // What it sent is its own affair: other programs, and the pages, go on.
        socket.end(closeCodes.internalError, 'Your message could not be shown');
      }
    },
    close(socket) {
      const { program } = socket.getUserData();
      if (program === undefined) return;
      programs -= 1;
      store.programLeft(program);
    },
  });
}
