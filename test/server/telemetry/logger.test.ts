import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { logEvents } from '../../../src/server/telemetry/log-events.ts';
import { jsonLogger, prettyStream } from '../../../src/server/telemetry/logger.ts';
import { pairlane } from '../../support/servers/cli-process.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const HOSTILE = 'game \u001b[31m \u009b \u202e \u200b \u2028 end';
const UNPRINTABLE = /[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u;

function collector() {
  let text = '';
  const write = (chunk: string) => {
    text += chunk;
    return true;
  };
  return { output: { write } as never, read: () => text };
}

describe('the log', () => {
  it('as JSON escapes what does not print, and means the same', () => {
    const { output, read } = collector();
    jsonLogger('info', output).info({ event: 'player_joined', game: HOSTILE }, HOSTILE);
    expect(read()).not.toMatch(UNPRINTABLE);
    expect(read().split('\n')).toHaveLength(2);
    expect(JSON.parse(read())).toMatchObject({ game: HOSTILE, msg: HOSTILE });
  });

  it('for people shows a replacement character in its place', async () => {
    const output = new PassThrough({ encoding: 'utf8' });
    pino({ base: null }, prettyStream(output)).info({ game: HOSTILE }, HOSTILE);
    const [text] = await once(output, 'data');
    expect(text).not.toMatch(UNPRINTABLE);
    expect(text).toContain('\ufffd');
  });

  it('for people has a pairing within 80 columns: the ends of the ids, and the number by which a record is found', async () => {
    const output = new PassThrough({ encoding: 'utf8' });
    const [one, other] = ['619a4f7d-da16-470c-85dc-594d92670a6a', '619a4f7d-60a8-42a0-8fea-62a841b05a08'];
    const fields = { event: 'pairing_ended', id: one, peerId: other, epoch: 1_806_487_212_345_678 };
    pino({ base: null }, prettyStream(output)).info(fields, `Unpaired: ${one} <-> ${other}: disconnected`);
    const [text] = await once(output, 'data');
    expect(text).toMatch(
      /^\d\d:\d\d:\d\d INFO: Unpaired: …670a6a <-> …b05a08: disconnected #1806487212345678\n$/,
    );
    expect(text.length).toBeLessThanOrEqual(81);
  });

  it('names the event of each line, and the pairing by its number', async () => {
    const { log, connectPair } = await startTestServer();
    const [one, other] = await connectPair();
    one.send({ type: 'offer', sdp: 'v=0' });
    await other.next('offer');
    one.send({ type: 'unpair' });
    await other.next('peer_disconnected');
    expect(log.filter(({ event }) => !Object.hasOwn(logEvents, String(event)))).toEqual([]);
    const ofPairing = log.filter(({ epoch }) => epoch !== undefined);
    expect(ofPairing.map(({ event }) => event)).toEqual([
      'pairing_formed',
      'signal_relayed',
      'pairing_ended',
    ]);
    expect(new Set(ofPairing.map(({ epoch }) => epoch)).size).toBe(1);
  });

  it('has its last line when the process ends', async () => {
    const run = pairlane(['serve', '--port', '0', '--log-format', 'json']);
    await run.printed(/Server starting on/);
    run.child.kill('SIGTERM');
    expect(await run.exited()).toBe(0);
    expect(run.stdout).toContain('Server stopping');
  });
});
