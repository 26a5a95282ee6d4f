/** Two werift connections without a server, closed after each test: a test hands their descriptions over by itself. */
import { afterEach } from '@jest/globals';
import { nodePlatform } from '../../../src/client/index.ts';
import type { DataChannel, PeerConnection } from '../../../src/client/rtc/types.ts';
import { PATIENCE_MS } from '../wait-timeouts.ts';

const made: PeerConnection[] = [];
afterEach(async () => {
  await Promise.all(made.splice(0).map((rtc) => rtc.close()));
});

export function connection(silenceMs = 0): PeerConnection {
  const rtc = nodePlatform.createConnection({
    iceServers: [],
    iceTransportPolicy: 'all',
    iceAdditionalHostAddresses: ['127.0.0.1'],
    silenceMs,
  });
  made.push(rtc);
  return rtc;
}

/** @returns the offer */
export async function offer(rtc: PeerConnection, restart?: { iceRestart: true }): Promise<string> {
  await rtc.setLocalDescription(restart && (await rtc.createOffer(restart)));
  return rtc.localDescription?.sdp as string;
}

/** @returns the answer */
export async function answer(rtc: PeerConnection, sdp: string): Promise<string> {
  await rtc.setRemoteDescription({ type: 'offer', sdp });
  await rtc.setLocalDescription();
  return rtc.localDescription?.sdp as string;
}

export function happens(what: string, listen: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    // The wait of an attempt that failed keeps no process alive.
    const deadline = setTimeout(() => reject(new Error(`${what} did not come`)), PATIENCE_MS).unref();
    listen(() => {
      clearTimeout(deadline);
      resolve();
    });
  });
}

/** Two that are connected; the first one answers. */
export async function connected(silenceMs?: number, theirSilenceMs?: number) {
  const [ours, theirs] = [connection(silenceMs), connection(theirSilenceMs)];
  const channel = theirs.createDataChannel('chat');
  const open = happens('the channel', (resolve) => {
    channel.onopen = resolve;
  });
  const taken = new Promise<DataChannel>((resolve) => {
    ours.ondatachannel = (event) => resolve(event.channel);
  });
  const first = await answer(ours, await offer(theirs));
  await theirs.setRemoteDescription({ type: 'answer', sdp: first });
  await open;
  return { ours, theirs, first, channels: [await taken, channel] as const };
}
