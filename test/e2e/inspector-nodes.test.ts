/** The inspector's page of a node, in a real browser, while a pairing across two nodes stands. */
import { afterEach, expect, it } from '@jest/globals';
import { LocalBusHub } from '../../src/server/cluster/bus/local-bus.ts';
import { startServer } from '../../src/server/index.ts';
import { openPage } from '../support/peers/browser.ts';
import { testPeer } from '../support/peers/werift-peers.ts';

const servers: Awaited<ReturnType<typeof startServer>>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

it('shows a pairing across two nodes with both clients, the other one named with its node', async () => {
  const hub = new LocalBusHub();
  for (const node of [1, 2])
    servers.push(await startServer({ port: 0, logLevel: 'silent', node }, { bus: hub.bus(node) }));
  const [one, two] = servers as [(typeof servers)[0], (typeof servers)[0]];
  const page = await openPage(`http://127.0.0.1:${one.port}/inspect/`);
  await page.locator('.this-node', { hasText: 'node 1' }).waitFor();
  const a = await testPeer(one.url, { inspect: true });
  const b = await testPeer(two.url);
  await a.pair({ id: b.id as string });
  await Promise.all([a.opened(), b.opened()]);

  const lit = (panel: string, state: string) =>
    page
      .locator(
        `[data-panel="${panel}"][data-active~="${state}"], [data-panel="${panel}"] .counted[data-state="${state}"]`,
      )
      .waitFor();
  await lit('Links to other nodes', 'node-link.open');
  await lit('Clients of other nodes', 'remote-session.online');
  const row = page.locator('tbody tr', { hasText: b.id as string });
  await row
    .locator('td', { hasText: b.id as string })
    .getByText('at node 2')
    .waitFor();
  await row.getByText('see').click();

  await lit('Session A', 'session.present.pairings.connected');
  await lit('Pairing', 'pairing.connected');
  await lit('Client B, at node 2', 'remote-session.online');
  await lit('Client A itself', 'negotiation.open.connection.paired.connected');
  await page.locator('.lanes').getByText('client B, at node 2').waitFor();
  for (const [from, to, what] of [
    ['initiator', 'responder', 'offer'],
    ['responder', 'initiator', 'answer'],
  ]) {
    const row = page.locator('.rows li', { hasText: `${from} to server: ${what}` }).first();
    expect(await row.textContent()).toContain(`server to ${to}: ${what}`);
  }
});
