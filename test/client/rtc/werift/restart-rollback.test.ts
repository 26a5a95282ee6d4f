/** Two werift connections without a server, one of which takes an ICE restart back for an offer that restarts nothing. */
import { describe, expect, it } from '@jest/globals';
import type { DataChannel } from '../../../../src/client/rtc/types.ts';
import { answer, connected, happens, offer } from '../../../support/peers/werift-connections.ts';

const credentialsIn = (sdp: string) => sdp.match(/^a=ice-(ufrag|pwd):.*$/gm);

const received = (channel: DataChannel) => {
  let data: unknown;
  return happens('a message', (resolve) => {
    channel.onmessage = (event) => {
      data = String(event.data);
      resolve();
    };
  }).then(() => data);
};

describe('an ICE restart that is taken back', () => {
  it('leaves the credentials and the path of before, over which data goes on', async () => {
    const { ours, theirs, first, channels } = await connected();
    const restart = await offer(ours, { iceRestart: true });
    expect(credentialsIn(restart)).not.toEqual(credentialsIn(first));
    const again = await answer(ours, await offer(theirs));
    expect(credentialsIn(again)).toEqual(credentialsIn(first));
    await theirs.setRemoteDescription({ type: 'answer', sdp: again });
    for (const [from, to] of [channels, [channels[1], channels[0]]] as const) {
      const heard = received(to);
      from.send('as before');
      expect(await heard).toBe('as before');
    }
    expect([ours.connectionState, theirs.connectionState]).toEqual(['connected', 'connected']);
  });

  it('can be made again, and is then answered', async () => {
    const { ours, theirs, first, channels } = await connected();
    const taken = await offer(ours, { iceRestart: true });
    await theirs.setRemoteDescription({ type: 'answer', sdp: await answer(ours, await offer(theirs)) });
    const restart = await offer(ours, { iceRestart: true });
    for (const other of [first, taken]) expect(credentialsIn(restart)).not.toEqual(credentialsIn(other));
    await ours.setRemoteDescription({ type: 'answer', sdp: await answer(theirs, restart) });
    expect(ours.connectionState).toBe('connecting');
    const heard = received(channels[1]);
    channels[0].send('over the new path');
    expect(await heard).toBe('over the new path');
  });

  it('does not make a failed connection look connected', async () => {
    const { ours, theirs } = await connected(100);
    const theirOffer = await offer(theirs);
    const failed = happens('failure', (resolve) => {
      ours.onconnectionstatechange = () => ours.connectionState === 'failed' && resolve();
    });
    await theirs.close();
    await failed;
    const states: string[] = [];
    ours.onconnectionstatechange = () => states.push(ours.connectionState);
    await offer(ours, { iceRestart: true });
    await answer(ours, theirOffer);
    // werift reports its state in the microtasks that follow.
    await new Promise((resolve) => setImmediate(resolve));
    expect([ours.connectionState, states]).toEqual(['failed', states.filter((state) => state === 'failed')]);
  });
});
