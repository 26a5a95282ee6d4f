/** Faults in signaling: order, silence, modified descriptions, refused requests. */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { EMPTY_SDP, type StagedFault } from './fault.ts';
import { changedOnItsWay } from './signaling-proxy.ts';

export const faultsOfSignaling: readonly StagedFault[] = [
  {
    name: 'the responder never answers',
    kind: 'failed',
    expected: /^B never sent an answer/,
    async run(stage) {
      const [a, b] = [await stage.peer({ timeouts: { answerMs: 2_000 } }), await stage.raw()];
      await a.pair(b);
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
      b.send({ type: 'answer', sdp: EMPTY_SDP });
      await b.next('error');
      a.close();
      b.close();
    },
  },
  {
    name: 'the peer is gone before it answers',
    kind: 'failed',
    expected: /^B never sent an answer/,
    async run(stage) {
      const [a, b] = [await stage.raw(), await stage.raw()];
      a.send({ type: 'pair_request', target_id: b.id });
      await b.next('paired');
      a.send({ type: 'offer', sdp: EMPTY_SDP });
      await b.next('offer');
      b.close();
    },
  },
  {
    name: 'a DTLS fingerprint that does not fit',
    kind: 'failed',
    expected: /DTLS did not come up/,
    async run(stage) {
      const url = await changedOnItsWay(stage, (text) =>
        text.replace(
          /(a=fingerprint:sha-256 )([0-9A-F]{2})/gi,
          (_, head, byte) => head + (byte === '00' ? '01' : '00'),
        ),
      );
      const [a, b] = [await stage.peer({ url }), await stage.peer({ timeouts: { checkingMs: 8_000 } })];
      await a.pair(b);
    },
  },
  {
    name: 'both take the same DTLS role',
    kind: 'failed',
    expected: /Both descriptions say a=setup:passive/,
    async run(stage) {
      const url = await changedOnItsWay(stage, (text) =>
        text.replaceAll('a=setup:actpass', 'a=setup:passive'),
      );
      const b = await changedOnItsWay(stage, (text) => text.replaceAll('a=setup:active', 'a=setup:passive'));
      const [one, other] = [await stage.peer({ url }), await stage.peer({ url: b })];
      await one.pair(other);
    },
  },
  {
    name: 'a description without a fingerprint',
    kind: 'failed',
    expected: /A's offer has no fingerprint/,
    async run(stage) {
      const url = await changedOnItsWay(stage, (text) =>
        text.replaceAll(/a=fingerprint:[^\\]*(\\r)?\\n/g, ''),
      );
      const [a, b] = [await stage.peer({ url }), await stage.peer()];
      await a.pair(b);
    },
  },
  {
    name: 'a key that nobody made',
    kind: 'refused',
    expected: /key_not_found/,
    async run(stage) {
      const a = await stage.raw();
      a.send({ type: 'pair_request', key: 'AAAAAA' });
      await a.next('error');
      return stage.sessionVerdict(a.id, 'key_not_found');
    },
  },
  {
    name: 'an id of a page that was loaded again',
    kind: 'refused',
    expected: /target_not_found/,
    async run(stage) {
      const a = await stage.raw();
      a.send({ type: 'pair_request', target_id: 'gone' });
      await a.next('error');
      return stage.sessionVerdict(a.id, 'target_not_found');
    },
  },
  {
    name: 'a page of another origin',
    kind: 'refused',
    expected: /page of another origin.*--allow-origin/,
    async run(stage) {
      const socket = new WebSocket(stage.url, { headers: { origin: 'https://elsewhere.example' } });
      socket.on('error', () => {});
      await once(socket, 'unexpected-response');
      socket.terminate();
      return stage.refusal('origin');
    },
  },
  {
    name: 'a client of PeerJS, where PeerJS is not served',
    kind: 'refused',
    expected: /client of PeerJS.*--peerjs/,
    async run(stage) {
      const { status } = await fetch(new URL('peerjs/id', stage.url.replace('ws:', 'http:')));
      if (status !== 404) throw new Error(`it was answered ${status}`);
      return stage.refusal('peerjs_off');
    },
  },
  {
    name: 'a client that sends too much',
    kind: 'refused',
    expected: /more messages than --max-messages-per-second/,
    options: { maxMessagesPerSecond: 5, maxMessageBurst: 5 },
    async run(stage) {
      const a = await stage.raw();
      for (let i = 0; i < 20; i += 1) a.send({ type: 'pair_request', target_id: 'nobody' });
      return stage.refusal('too_many_messages');
    },
  },
];
