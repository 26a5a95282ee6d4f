/** Two werift connections without a server, one of which restarts ICE while the other still asks over the path of before. */
import { describe, expect, it } from '@jest/globals';
import type { IceCandidate, PeerConnection } from '../../../../src/client/rtc/types.ts';
import { answer, connected, happens, offer } from '../../../support/peers/werift-connections.ts';
import { PATIENCE_MS } from '../../../support/wait-timeouts.ts';

const withoutCandidates = (sdp: string) => sdp.replace(/a=(candidate|end-of-candidates).*\r\n/g, '');

/** How many of its questions over the paths that it has were answered. */
async function answers(rtc: PeerConnection): Promise<number> {
  let count = 0;
  (await rtc.getStats?.())?.forEach((stats) => {
    const { type, responsesReceived } = stats as { type: string; responsesReceived: number };
    if (type === 'candidate-pair') count += responsesReceived;
  });
  return count;
}

function candidatesOf(rtc: PeerConnection): IceCandidate[] {
  const found: IceCandidate[] = [];
  rtc.onicecandidate = ({ candidate }) => candidate && found.push(candidate);
  return found;
}

describe('an ICE restart', () => {
  it('finds no path by a question of before, which is answered; with candidates it finds one', async () => {
    // The one asks whether the other is there whenever it is quiet for 200 ms. The other has offered, and stays controlling.
    const { ours: asking, theirs: restarting } = await connected(1_000);
    const [ofAsking, ofRestarting] = [candidatesOf(asking), candidatesOf(restarting)];
    const before = await answers(asking);
    const restart = withoutCandidates(await offer(restarting, { iceRestart: true }));
    const deadline = Date.now() + PATIENCE_MS;
    while ((await answers(asking)) === before) {
      if (Date.now() > deadline) throw new Error(`no answer: the connection is ${asking.connectionState}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    const sdp = withoutCandidates(await answer(asking, restart));
    await restarting.setRemoteDescription({ type: 'answer', sdp });
    // As long as two others need to find a path.
    await connected();
    expect([asking.connectionState, restarting.connectionState]).toEqual(['connecting', 'connecting']);
    const both = [asking, restarting].map((rtc) =>
      happens('the path', (resolve) => {
        rtc.onconnectionstatechange = () => rtc.connectionState === 'connected' && resolve();
      }),
    );
    for (const candidate of ofAsking) await restarting.addIceCandidate(candidate);
    for (const candidate of ofRestarting) await asking.addIceCandidate(candidate);
    await Promise.all(both);
  });
});
