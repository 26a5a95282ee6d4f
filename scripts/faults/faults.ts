/** The faults, one after another: how each is staged, and what the inspector has to say of it. */
import { createServer } from 'node:http';
import { WebSocket, WebSocketServer } from 'ws';
import type { Peer } from '../../src/client/index.ts';
import type { OutcomeKind } from '../../src/protocol/index.ts';
import type { Stage, Verdict } from './stage.ts';

export interface StagedFault {
  readonly name: string;
  /** What the list has to call it; `failed` unless said otherwise. */
  readonly kind?: OutcomeKind;
  /** The sentence that names the cause. */
  readonly expected: RegExp;
  readonly needs?: readonly 'networks'[];
  run(stage: Stage): Promise<Verdict>;
}

const sdp =
  'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n' +
  'a=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=sctp-port:5000\r\na=setup:actpass\r\n' +
  `a=fingerprint:sha-256 ${Array(32).fill('00').join(':')}\r\n`;

export const healthy: StagedFault = {
  name: 'no fault',
  kind: 'connected',
  expected: /^Both clients reported that they are connected/,
  async run(stage) {
    const [a, b] = [await stage.peer(), await stage.peer()];
    await a.pair({ id: b.id as string });
    await Promise.all([a.opened(), b.opened()]);
    return stage.verdict();
  },
};

export const faults: readonly StagedFault[] = [
  {
    name: 'UDP is blocked between two networks',
    expected: /none was answered: UDP does not get through/,
    needs: ['networks'],
    async run(stage) {
      const [one, other] = stage.networks?.places ?? [];
      if (!one || !other) throw new Error('there are no networks');
      const { key } = await stage.bot(other, ['--new-key', '--echo', '--timeout', '60']);
      await stage.bot(one, ['--key', String(key), '--say', 'hello', '--timeout', '60']);
      return stage.verdict();
    },
  },
  {
    name: 'only a relay is allowed, and there is none',
    expected: /offered no candidates/,
    async run(stage) {
      const relay = { iceTransportPolicy: 'relay' } as const;
      return paired(stage, await stage.peer(relay), await stage.peer(relay));
    },
  },
  {
    name: 'the responder never answers',
    expected: /^B never sent an answer/,
    async run(stage) {
      const [a, b] = [await stage.peer({ timeouts: { answerMs: 2_000 } }), await stage.raw()];
      await a.pair({ id: b.id });
      return stage.verdict();
    },
  },
  {
    name: 'the initiator never offers',
    // Nothing was tried, so nothing failed.
    kind: 'left',
    expected: /^A never sent an offer/,
    async run(stage) {
      const [a, b] = [await stage.raw(), await stage.peer({ timeouts: { offerMs: 2_000 } })];
      a.send({ type: 'pair_request', target_id: b.id });
      return stage.verdict();
    },
  },
  {
    name: 'the answer comes before the offer',
    kind: 'left',
    expected: /^A never sent an offer/,
    async run(stage) {
      const [a, b] = [await stage.raw(), await stage.raw()];
      a.send({ type: 'pair_request', target_id: b.id });
      await b.next('paired');
      b.send({ type: 'answer', sdp });
      await b.next('error');
      a.close();
      b.close();
      return stage.verdict();
    },
  },
  {
    name: 'a DTLS fingerprint that does not fit',
    expected: /DTLS did not come up/,
    async run(stage) {
      const swapped = await swappedFingerprints(stage.url);
      try {
        return await paired(
          stage,
          await stage.peer({ url: swapped.url }),
          await stage.peer({ timeouts: { checkingMs: 8_000 } }),
        );
      } finally {
        swapped.close();
      }
    },
  },
  {
    name: 'the peer is gone before it connects',
    expected: /B never sent an answer/,
    async run(stage) {
      const [a, b] = [await stage.raw(), await stage.raw()];
      a.send({ type: 'pair_request', target_id: b.id });
      await b.next('paired');
      a.send({ type: 'offer', sdp });
      await b.next('offer');
      b.close();
      return stage.verdict();
    },
  },
];

async function paired(stage: Stage, a: Peer, b: Peer): Promise<Verdict> {
  await a.pair({ id: b.id as string });
  return stage.verdict();
}

/** Somebody between a client and the server who puts another fingerprint into what the client says. */
async function swappedFingerprints(target: string): Promise<{ url: string; close(): void }> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (near, request) => {
    const far = new WebSocket(new URL(request.url ?? '/', target));
    const waiting: string[] = [];
    near.on('message', (data) => {
      const text = String(data).replace(
        /(a=fingerprint:sha-256 )([0-9A-F]{2})/gi,
        (_, head, byte) => head + (byte === '00' ? '01' : '00'),
      );
      if (far.readyState === WebSocket.OPEN) far.send(text);
      else waiting.push(text);
    });
    far.on('open', () => {
      for (const text of waiting.splice(0)) far.send(text);
    });
    far.on('message', (data) => near.send(String(data)));
    near.on('close', () => far.close());
    far.on('close', () => near.close());
    far.on('error', () => near.close());
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const { port } = http.address() as { port: number };
  return {
    url: `ws://127.0.0.1:${port}/`,
    close() {
      for (const socket of sockets.clients) socket.terminate();
      http.close();
    },
  };
}
