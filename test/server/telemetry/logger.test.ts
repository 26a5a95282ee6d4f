import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { pino } from 'pino';
import { jsonLogger, prettyStream } from '../../../src/server/telemetry/logger.ts';
import { pairlane } from '../../support/servers/cli-process.ts';

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
    jsonLogger('info', output).info({ game: HOSTILE }, HOSTILE);
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

  it('has its last line when the process ends', async () => {
    const run = pairlane(['serve', '--port', '0', '--log-format', 'json']);
    await run.printed(/Server starting on/);
    run.child.kill('SIGTERM');
    expect(await run.exited()).toBe(0);
    expect(run.stdout).toContain('Server stopping');
  });
});
