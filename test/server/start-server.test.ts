/** What a program is told that starts a server with options that do not do what they are for. */
import { describe, expect, it } from '@jest/globals';
import { startTestServer } from '../support/servers/test-server.ts';

async function warningsOf(options: object): Promise<string[]> {
  const { log } = await startTestServer(options);
  return log.filter(({ event }) => event === 'secret_warning').map(({ msg }) => msg);
}

describe('startServer', () => {
  it('warns of a secret of 19 characters, says how to make one, and does not repeat it', async () => {
    const secret = 'correct-horse-batte';
    const warnings = await warningsOf({ secret });
    expect(warnings).toEqual([expect.stringContaining('openssl rand -base64 24')]);
    expect(warnings.join()).not.toContain(secret);
  });

  it.each([
    ['a secret of 20 characters', { secret: 'x'.repeat(20) }],
    ['none, and nothing that needs one', {}],
  ])('does not warn of %s', async (_, options) => {
    expect(await warningsOf(options)).toEqual([]);
  });

  it('warns that nobody comes back after a drain without a secret', async () => {
    expect(await warningsOf({ drainMs: 1_000 })).toEqual([expect.stringContaining('after the drain')]);
  });
});
