/**
 * A process whose peers are closed at many moments of their handshake, one pair after another. It prints what is still
 * there a second later, with the moment. Arguments: the server's URL, ICE servers as JSON, and the moments separated by
 * commas: milliseconds after the pairing, or the name of a state.
 */
import { createPeer, type PeerState } from '../../../src/client/index.ts';

const [url = '', iceServers = '[]', moments = ''] = process.argv.slice(2);
const options = { url, iceServers: JSON.parse(iceServers), iceAdditionalHostAddresses: ['127.0.0.1'] };

/** What keeps the process alive, apart from its own pipes and the immediate that asks. */
const leftOver = () =>
  process
    .getActiveResourcesInfo()
    .filter((name) => !/^(PipeWrap|TTYWrap|Immediate|FSReqPromise)$/.test(name));

async function closeAt(moment: string): Promise<void> {
  const peers = [await createPeer(options), await createPeer(options)] as const;
  for (const peer of peers) peer.on('error', () => {});
  const reached = new Promise<void>((resolve) => {
    for (const peer of peers) {
      peer.on('state', (state: PeerState) => {
        if (state === moment) resolve();
      });
    }
  });
  if (moment !== 'created') await peers[0].pair({ id: peers[1].id as string });
  if (/^\d+$/.test(moment)) await new Promise((resolve) => setTimeout(resolve, Number(moment)));
  else if (moment !== 'created') await reached;
  await Promise.all(peers.map((peer) => peer.close()));
  const closedAt = performance.now();
  while (leftOver().length > 0 && performance.now() - closedAt < 1_000) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  if (leftOver().length > 0) process.stdout.write(`${moment}: ${leftOver().join()}\n`);
}

for (const moment of moments.split(',')) await closeAt(moment);
process.stdout.write('closed\n');
