/** A game in which each player is connected with each, over a real server and werift. */
import { describe, expect, it } from '@jest/globals';
import { Agent, connectAll } from '../../support/peers/room-agents.ts';
import { byThoroughness } from '../../support/runs.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

describe.each(byThoroughness([4], [8]))('a game of %i', (count) => {
  it('is a full mesh: each hears from each, and the server holds a machine for each pair', async () => {
    const { server } = await startTestServer({ rooms: true });
    const url = `http://127.0.0.1:${server.port}`;
    const players: Agent[] = [];
    // One after another, as players come: 56 DTLS handshakes at once are too much for one werift process.
    for (let id = 1; id <= count; id += 1) {
      players.push(await Agent.join(url, 'mesh', id));
      await connectAll(players);
    }
    expect(server.parts.pairings.size).toBe((count * (count - 1)) / 2);
    for (const player of players) expect(player.manager.send(`from ${player.id}`)).toBe(true);
    for (const player of players) {
      await player.until(() => player.messages.length >= count - 1, 'a message of each');
      const heard = player.messages.map(({ from, data }) => [from, data]);
      const others = players.filter((other) => other !== player).map(({ id }) => [id, `from ${id}`]);
      expect(heard.sort()).toEqual(others.sort());
    }
  });
});
