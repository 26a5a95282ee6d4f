/**
 * Many clients are lost or come back at once, at a server in a process of its own: stopped meanwhile, it has them all to
 * handle.
 */
import { once } from 'node:events';
import { expect, it } from '@jest/globals';
import { RawClient } from '../../../support/clients/raw-client.ts';
import { ResumableClient } from '../../../support/clients/resumable-client.ts';
import { pairlane } from '../../../support/servers/cli-process.ts';
import { pairUp } from '../../../support/servers/test-server.ts';

const CLIENTS = 500;
const NO_LIMITS = [
  ...['--max-connections-per-address', '0', '--max-upgrades-per-second', '0', '--max-http-connections', '0'],
  // The first of them waits until all are connected.
  ...['--first-message-timeout-ms', '0'],
];

const PAIRS = 300;

async function started() {
  const run = pairlane(['serve', '--port', '0', ...NO_LIMITS]);
  await run.printed(/Server starting on/);
  const url = `ws://127.0.0.1:${/Server starting on 127\.0\.0\.1:(\d+)/.exec(run.stdout)?.[1]}/`;
  return { run, url };
}

it('a new pairing is made before the peers of 300 clients that were lost earlier have all been told', async () => {
  const { run, url } = await started();
  const [a, b] = [await RawClient.connect(url), await RawClient.connect(url)];
  const lost: ResumableClient[] = [];
  const peers: ResumableClient[] = [];
  for (let n = 0; n < PAIRS; n += 1) {
    const [one, other] = [await ResumableClient.connect(url), await ResumableClient.connect(url)];
    await pairUp(one, other);
    lost.push(one);
    peers.push(other);
  }

  run.child.kill('SIGSTOP');
  const order: string[] = [];
  const told = peers.map((peer) => peer.next('peer_away').then(() => order.push('away')));
  const paired = b.next('paired').then(() => order.push('paired'));
  for (const { socket } of lost) socket.terminate();
  a.send({ type: 'pair_request', target_id: b.id });
  run.child.kill('SIGCONT');
  await Promise.all([paired, ...told]);

  expect(order.filter((one) => one === 'away')).toHaveLength(PAIRS);
  expect(order.indexOf('paired')).toBeLessThan(PAIRS * 0.8);
}, 60_000);

it('a new pairing is made between the clients that come back, before the last of 500 that asked earlier', async () => {
  const { run, url } = await started();
  const [a, b] = [await RawClient.connect(url), await RawClient.connect(url)];
  const returning: ResumableClient[] = [];
  const back: ResumableClient[] = [];
  for (let n = 0; n < CLIENTS; n += 1) {
    const client = await ResumableClient.connect(url);
    const next = client.comeBackSilently(url);
    await next.opened();
    returning.push(client);
    back.push(next);
  }

  run.child.kill('SIGSTOP');
  const order: string[] = [];
  const answers = back.map(async ({ socket }) => {
    await once(socket, 'message');
    order.push('back');
  });
  const paired = b.next('paired').then(() => order.push('paired'));
  returning.forEach(({ id, token, delivery }, n) => {
    back[n]?.socket.send(JSON.stringify({ type: 'resume', id, token, received: delivery.received }));
  });
  a.send({ type: 'pair_request', target_id: b.id });
  run.child.kill('SIGCONT');
  await Promise.all([paired, ...answers]);

  expect(order.filter((one) => one === 'back')).toHaveLength(CLIENTS);
  expect(order.at(-1)).toBe('back');
  expect(order.indexOf('paired')).toBeLessThan(CLIENTS * 0.8);
}, 60_000);
