/** Each of the examples, run as its README says, from the build. */
import { describe, expect, it } from '@jest/globals';
import { startServer } from '../../src/server/index.ts';
import { openPage } from '../support/peers/browser.ts';
import { event, testPeer } from '../support/peers/werift-peers.ts';
import { runNode } from '../support/servers/cli-process.ts';

/** No STUN server is asked: everything is on this machine. */
const LOCAL = { ICE: 'local' };

describe('the examples', () => {
  it('bot: answers dice, echoes all else, and invites the next one when somebody left', async () => {
    const server = await startServer({ port: 0, logLevel: 'silent' });
    try {
      const bot = runNode(['examples/bot/bot.js', server.url], LOCAL);
      const [, key = ''] = await bot.printed(/--key (\S+)\n/);
      const peer = await testPeer(server.url);
      await peer.pair({ key });
      await peer.opened();
      const dice = event(peer, 'message');
      await peer.send('dice');
      expect(await dice).toMatch(/^[1-6]$/);
      for (const other of ['anything else', 'toString', '__proto__']) {
        const echo = event(peer, 'message');
        await peer.send(other);
        expect(await echo).toBe(other);
      }
      await peer.close();
      await bot.printed(/--key \S+\n.*--key \S+\n/s);
      bot.child.kill('SIGINT');
      expect(await bot.exited()).toBe(0);
    } finally {
      await server.stop();
    }
  });

  it('mesh: who is in the group is connected with the others, is heard by all of them, and is missed when it leaves', async () => {
    const server = await startServer({ port: 0, logLevel: 'silent' });
    try {
      const ann = runNode(['examples/mesh/mesh.js', 'Ann', server.url], LOCAL);
      await ann.printed(/You are Ann. Others here: nobody yet/);
      const bob = runNode(['examples/mesh/mesh.js', 'Bob', server.url], LOCAL);
      await bob.printed(/Others here: Ann/);
      for (const [one, other] of [
        [ann, 'Bob'],
        [bob, 'Ann'],
      ] as const)
        await one.printed(new RegExp(`Connected with ${other}\\.`));
      ann.child.stdin.write('Hello all\n');
      await bob.printed(/Ann: Hello all/);
      bob.child.stdin.end();
      expect(await bob.exited()).toBe(0);
      await ann.printed(/Bob left\./);
      ann.child.stdin.end();
      expect(await ann.exited()).toBe(0);
    } finally {
      await server.stop();
    }
  });

  it('browser-chat: two pages meet by key, and chat both ways', async () => {
    const served = runNode(['examples/browser-chat/serve.js', '0']);
    const [, url = ''] = await served.printed(/Open twice: (\S+)/);
    const [one, other] = [await openPage(url), await openPage(url)];
    for (const page of [one, other]) await page.getByText('Waiting for the other one.').waitFor();
    await other.fill('[name="key"]', (await one.locator('#key').textContent()) ?? '');
    await other.getByRole('button', { name: 'Pair' }).click();
    for (const page of [one, other]) await page.getByText('Connected.').waitFor();
    await one.fill('[name="text"]', 'Hello there');
    await one.getByRole('button', { name: 'Send' }).click();
    await other.locator('.theirs', { hasText: 'Hello there' }).waitFor();
    await other.fill('[name="text"]', 'Hello to you');
    await other.getByRole('button', { name: 'Send' }).click();
    await one.locator('.theirs', { hasText: 'Hello to you' }).waitFor();
    served.child.kill('SIGINT');
    expect(await served.exited()).toBe(0);
  });

  it.each(['yes', 'no'])(
    'simple-peer: two pages meet by key, exchange data, and negotiate again for a track; trickle: %s',
    async (trickle) => {
      const served = runNode(['examples/simple-peer/serve.js', '0']);
      const [, url = ''] = await served.printed(/Open twice: (\S+)/);
      const [one, other] = [
        await openPage(`${url}&trickle=${trickle}`),
        await openPage(`${url}&trickle=${trickle}`),
      ];
      await one.locator('#key', { hasText: /./ }).waitFor();
      await other.fill('[name="key"]', (await one.locator('#key').textContent()) ?? '');
      await other.getByRole('button', { name: 'Pair' }).click();
      for (const page of [one, other]) await page.getByText('Connected.').waitFor();
      for (const [from, to] of [
        [one, other],
        [other, one],
      ] as const) {
        await from.evaluate(`peer.send('data')`);
        await to.locator('#messages', { hasText: 'data' }).waitFor();
        // Not the initiator asks for it by a signal of a kind of its own.
        await to.evaluate(
          `void (globalThis.got = new Promise((resolve) => peer.once('track', ({ kind }) => resolve(kind))))`,
        );
        await from.evaluate(`(() => {
          const stream = document.createElement('canvas').captureStream(10);
          peer.addTrack(stream.getVideoTracks()[0], stream);
        })()`);
        expect(await to.evaluate('got')).toBe('video');
      }
      served.child.kill('SIGINT');
      expect(await served.exited()).toBe(0);
    },
  );

  it('headless-player: plays Pong against a page', async () => {
    const server = await startServer({ port: 0, logLevel: 'silent', rooms: true });
    try {
      const page = await openPage(`http://127.0.0.1:${server.port}/examples/pong/?game=g`);
      await page.getByText('Waiting for the second player').waitFor();
      const url = `http://127.0.0.1:${server.port}`;
      const player = runNode(['examples/headless-player/player.js', 'g', url], LOCAL);
      await player.printed(/The game is on\./);
      await page.getByText('You are player 1: left.').waitFor();
      // The page measures what comes back from the player: its probes, and its paddle.
      await page.locator('#round-trip', { hasText: / ms$/ }).waitFor();
      await page.locator('#rate', { hasText: /^[1-9]/ }).waitFor();
      player.child.kill('SIGINT');
      expect(await player.exited()).toBe(0);
    } finally {
      await server.stop();
    }
  });

  it('machine-tests: a jest project of its own passes', async () => {
    const jest = 'node_modules/jest/bin/jest.js';
    const run = runNode(['--experimental-vm-modules', jest, '-c', 'examples/machine-tests/jest.config.js']);
    expect([await run.exited(), run.stderr]).toEqual([0, expect.stringContaining('4 passed')]);
  });
});
