/** The inspector's page of a node, in a real browser: a pairing across two nodes, a room with its edges, and the nodes. */
import { afterEach, expect, it } from '@jest/globals';
import { LocalBusHub } from '../../src/server/cluster/bus/local-bus.ts';
import { startServer } from '../../src/server/index.ts';
import type { RawClient } from '../support/clients/raw-client.ts';
import { violationsOf } from '../support/peers/axe.ts';
import { openPage } from '../support/peers/browser.ts';
import { testPeer } from '../support/peers/werift-peers.ts';
import { twoNodes } from '../support/servers/test-cluster.ts';

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

it('shows a room as a graph: names the edge that failed with its reason, and opens its pairing; and what moves between nodes', async () => {
  const { one, two } = await twoNodes();
  const members: RawClient[] = [];
  for (let next = 0; next < 4; next += 1) {
    const member = await one.connect(8);
    member.send({ type: 'join_room', room: 'den', create: { topology: 'mesh' } });
    await member.settled();
    members.push(member);
  }
  const [a, b, c, d] = members as [RawClient, RawClient, RawClient, RawClient];
  const epochOf = (initiator: RawClient, responder: RawClient) =>
    [...one.server.parts.pairings].find(
      (pairing) => pairing.initiator.id === initiator.id && pairing.responder.id === responder.id,
    )?.epoch;
  const failed = epochOf(d, c);
  d.send({ type: 'offer', sdp: 'x', epoch: failed });
  await d.settled();
  c.send({ type: 'answer', sdp: 'x', epoch: failed });
  await c.settled();
  c.send({ type: 'report', state: 'failed', epoch: failed });
  c.send({ type: 'reject', epoch: failed });
  await c.settled();
  const page = await openPage(`http://127.0.0.1:${one.server.port}/inspect/`);
  await page.getByRole('link', { name: 'Rooms' }).click();
  const row = page.locator('tbody tr', { hasText: 'den' });
  await row.getByText('1 missing').waitFor();
  await row.getByText('5 connecting').waitFor();
  await row.getByRole('link', { name: 'den' }).press('Enter');
  const picture = page.getByRole('group', { name: 'Members and edges' });
  // A straight line has no area, and so counts as hidden.
  await picture.locator('.edge.lost').waitFor({ state: 'attached' });
  expect(await picture.locator('.edge').count()).toBe(6);
  expect(await picture.locator('.edge text').allTextContents()).toEqual(['rejected']);
  expect(await page.title()).toContain('Room den: 1 missing');
  const rows = page.getByRole('group', { name: 'Edges' }).locator('tbody tr');
  const name = ({ id }: RawClient) => `…${id.slice(-8)}`;
  expect((await rows.first().locator('td').allTextContents()).slice(0, 4)).toEqual([
    'missing',
    name(d),
    name(c),
    // What the record says.
    expect.stringMatching(/^rejected.*B reported that its connection failed/),
  ]);
  expect(await violationsOf(page)).toEqual([]);

  // A member is chosen by the keyboard, and keeps the focus when an edge of its own changes.
  const member = picture.getByRole('button', { name: name(a) });
  await member.press('Enter');
  await rows.nth(3).waitFor({ state: 'detached' });
  expect(await rows.count()).toBe(3);
  expect(await picture.locator('[aria-pressed=true]').getAttribute('aria-label')).toContain(name(a));
  b.send({ type: 'offer', sdp: 'x', epoch: epochOf(b, a) });
  await b.settled();
  a.send({ type: 'answer', sdp: 'x', epoch: epochOf(b, a) });
  await a.settled();
  for (const client of [a, b]) client.send({ type: 'report', state: 'connected', epoch: epochOf(b, a) });
  for (const client of [a, b]) await client.settled();
  one.clock.advance(1_000);
  await picture.locator('.edge.good').waitFor({ state: 'attached' });
  expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toContain(name(a));
  const sizes = `[...document.querySelectorAll('main *')].filter((each) => each.textContent.trim() && each.childElementCount === 0)
    .map((each) => parseFloat(getComputedStyle(each).fontSize))`;
  expect(Math.min(...((await page.evaluate(sizes)) as number[]))).toBeGreaterThanOrEqual(11);
  await member.press('Enter');
  const [x, y] = (await page.evaluate(`
    (({ x, y, width, height }) => [x + width / 2, y + height / 2])(
      document.querySelector('.edge[data-key="${d.id} ${c.id}"] .line').getBoundingClientRect(),
    )
  `)) as [number, number];
  await page.mouse.click(x, y);
  await page.waitForURL(`**/inspect/#/pairing/${failed}`);
  await page.locator('[data-panel="Pairing"][data-active~="pairing.disconnected"]').waitFor();

  await page.getByRole('link', { name: 'Nodes' }).click();
  await page.locator('.graph .edge.good', { hasText: '0 pairings' }).waitFor({ state: 'attached' });
  const moving = await one.connectResumable();
  await moving.comeBack(two.server.url);
  one.clock.advance(1_000);
  await page.locator('.statuses li', { hasText: 'node 2 was given a session by node 1' }).waitFor();
  expect(await violationsOf(page)).toEqual([]);
});
