/** The server of a crowd, in a separate process with a small heap; the parent process asks for its state. */
import { startServer } from '../../src/server/index.ts';

export interface ServerState {
  /** After a garbage collection: the JavaScript heap, and the buffers outside it. */
  readonly bytes: number;
  readonly sessions: number;
  readonly waitingBytes: number;
  readonly refusals: number;
}

const collect = (globalThis as { gc?: () => void }).gc;
if (!collect) throw new Error('run it with --expose-gc');

const server = await startServer({
  port: 0,
  rooms: true,
  logLevel: 'silent',
  resumeGraceMs: 2_000,
  trustProxy: ['127.0.0.1'],
});

const tell = (message: object) => process.send?.(message);

process.on('message', () => {
  const { sessions, signaling, metrics } = server.parts;
  collect();
  const { heapUsed, external } = process.memoryUsage();
  const state: ServerState = {
    bytes: heapUsed + external,
    sessions: sessions.size,
    waitingBytes: signaling.waiting.total,
    refusals: [...metrics.refused.values()].reduce((sum, count) => sum + count, 0),
  };
  tell(state);
});
process.on('disconnect', () => process.exit());
tell({ port: server.port });
