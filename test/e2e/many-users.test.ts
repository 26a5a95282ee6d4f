/** Programs that serve many: a bot for one after another and at once, and a chat in a room. */
import { describe, expect, it } from '@jest/globals';
import { testPeer } from '../support/peers/werift-peers.ts';
import { pairlane } from '../support/servers/cli-process.ts';
import { startTestServer } from '../support/servers/test-server.ts';

const local = ['--no-ice', '--ice-host-address', '127.0.0.1'];

/** Asks by the key, says something, and waits for the echo. */
async function ask(url: string, key: string, text: string): Promise<unknown> {
  const user = await testPeer(url);
  await user.pair({ key });
  await user.opened();
  const echoed = new Promise((resolve) => user.once('message', resolve));
  await user.send(text);
  const answer = await echoed;
  await user.close();
  return answer;
}

describe('pairlane bot --new-key --echo --forever', () => {
  it('serves one after another and several at once, with one key', async () => {
    const { server } = await startTestServer();
    const options = ['--new-key', '--echo', '--forever', '--json', ...local];
    const bot = pairlane(['bot', '--url', server.url, ...options]);
    const [, key = ''] = await bot.printed(/"key":"([^"]+)"/);
    for (let n = 0; n < 3; n += 1) expect(await ask(server.url, key, `one ${n}`)).toBe(`one ${n}`);
    for (let round = 0; round < 2; round += 1) {
      const texts = [1, 2, 3, 4].map((n) => `round ${round}, ${n}`);
      expect(await Promise.all(texts.map((text) => ask(server.url, key, text)))).toEqual(texts);
      // It knows that they are gone.
      await bot.printed(new RegExp(`(?:"peer_disconnected"[^]*){${3 + 4 * (round + 1)}}`));
    }
    bot.child.kill('SIGTERM');
    expect(await bot.exited()).toBe(0);
  });
});

describe('pairlane chat --room', () => {
  it('brings together all who are in it, and tells who comes and goes', async () => {
    const { server } = await startTestServer();
    const chat = () => pairlane(['chat', '--url', server.url, '--room', 'den', ...local]);
    const ann = chat();
    const [, annId] = await ann.printed(/You are (\S+) in den, with 0 others/);
    const bob = chat();
    const [, bobId] = await bob.printed(/You are (\S+) in den, with 1 other\./);
    await bob.printed(new RegExp(`Connected with ${annId}`));
    await ann.printed(new RegExp(`Connected with ${bobId}`));
    const peer = await testPeer(server.url, { peers: 4 });
    const room = await peer.join('den');
    while (room.edges.size < 2 || !room.isWhole) await new Promise((resolve) => room.once('edge', resolve));
    ann.child.stdin?.write('hello all\n');
    const [text, from] = await new Promise<unknown[]>((resolve) =>
      room.once('message', (...said) => resolve(said)),
    );
    expect([text, from]).toEqual(['hello all', annId]);
    await bob.printed(new RegExp(`< ${annId}: hello all`));
    bob.child.stdin?.end();
    expect(await bob.exited()).toBe(0);
    await ann.printed(new RegExp(`${bobId} is gone \\(left\\)`));
    ann.child.kill('SIGTERM');
    expect(await ann.exited()).toBe(0);
  });

  it('goes on after a line that is too long to be sent', async () => {
    const { server } = await startTestServer();
    const chat = pairlane(['chat', '--url', server.url, '--room', 'den', ...local]);
    await chat.printed(/You are /);
    chat.child.stdin?.write(`${'x'.repeat(70_000)}\n`);
    await chat.printed(/\*\*\* Error: .*65,536 bytes/);
    chat.child.stdin?.end();
    expect(await chat.exited()).toBe(0);
  });

  it('says what is wrong, and ends with status 1', async () => {
    const { server } = await startTestServer();
    const maker = await testPeer(server.url);
    await maker.join('den', { password: 'sesame' });
    const chat = pairlane(['chat', '--url', server.url, '--room', 'den', ...local]);
    await chat.printed(/Server Error: Wrong password for this room/);
    expect(await chat.exited()).toBe(1);
  });
});
