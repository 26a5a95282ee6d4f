/** Two of werift's DTLS transports over a wire in memory, where nothing is sent again: what comes too early is not lost. */
import { describe, expect, it, jest } from '@jest/globals';
import { RTCDtlsParameters, RTCDtlsTransport } from 'werift';
import { type DtlsTransport, patchDtls } from '../../../../src/client/rtc/werift/patch-dtls.ts';
// Patches the flights: werift's own wait by a timer that no test can stop.
import '../../../../src/client/rtc/werift/werift.ts';

type Take = (packet: Buffer) => void;

/** One end of the wire, as an ICE transport that is connected. */
class WireEnd {
  readonly connection = this;
  readonly sent: Buffer[] = [];
  far: WireEnd | undefined;
  readonly #takers = new Set<Take>();
  readonly onData = {
    subscribe: (take: Take) => {
      this.#takers.add(take);
      return { unSubscribe: () => this.#takers.delete(take) };
    },
  };

  readonly role: 'controlling' | 'controlled';

  constructor(role: 'controlling' | 'controlled') {
    this.role = role;
  }

  readonly send = async (packet: Buffer): Promise<void> => {
    this.sent.push(packet);
    setImmediate(() => this.far?.receive(packet));
  };

  receive(packet: Buffer): void {
    for (const take of [...this.#takers]) take(packet);
  }
}

async function transports() {
  const certificate = await RTCDtlsTransport.SetupCertificate();
  // As in a connection that was asked for, the side that answers is the DTLS client.
  const ends = [new WireEnd('controlling'), new WireEnd('controlled')] as const;
  [ends[0].far, ends[1].far] = [ends[1], ends[0]];
  const [server, client] = ends.map((end) => {
    const transport = new RTCDtlsTransport({} as never, end as never, certificate);
    transport.setRemoteParams(new RTCDtlsParameters(certificate.getFingerprints(), 'auto'));
    patchDtls(transport as unknown as DtlsTransport);
    return transport;
  }) as [RTCDtlsTransport, RTCDtlsTransport];
  return { server, client, ends };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Turns of the event loop, in which packets travel and timers do not. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await turn();
}

/** RFC 6347 section 4.1: a record of content type "handshake" whose message is a ClientHello. */
const isGreeting = (packet: Buffer) => packet[0] === 22 && packet[13] === 1;

/** Runs while no timer goes off by which a packet is sent again. */
async function withTimersStopped(work: () => Promise<void>): Promise<void> {
  jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick', 'performance', 'Date'] });
  try {
    await work();
  } finally {
    jest.useRealTimers();
  }
}

describe("werift's DTLS", () => {
  it('greets as soon as ICE is connected, and not when a timer has gone off', async () => {
    const { client, ends } = await transports();
    await withTimersStopped(async () => {
      client.start().catch(() => {});
      await turn();
      expect(ends[1].sent.map(isGreeting)).toEqual([true]);
    });
  });

  it.each([0, 3])(
    'connects without a repeated packet when the server is there %i turns after the greeting',
    async (late) => {
      const { client, server, ends } = await transports();
      await withTimersStopped(async () => {
        const connected = [client.start()];
        await turns(late);
        connected.push(server.start());
        for (let i = 0; i < 1000 && [client, server].some(({ state }) => state !== 'connected'); i += 1)
          await turn();
        expect([client.state, server.state]).toEqual(['connected', 'connected']);
        // A greeting, and another with the cookie.
        expect(ends[1].sent.filter(isGreeting)).toHaveLength(2);
        await Promise.all(connected);
      });
    },
  );

  it('keeps four packets of 2 KB that come before the server is there, and no more', async () => {
    const { server, ends } = await transports();
    const taken: Buffer[] = [];
    const packet = (bytes: number) => Buffer.alloc(bytes, 22);
    const stun = Buffer.alloc(20);
    for (const early of [stun, packet(2049), ...[1, 2, 3, 4, 5].map((n) => packet(n))])
      ends[0].receive(early);
    (server as unknown as DtlsTransport).dtls = {
      dtls: { flight: 0 },
      udpOnMessage: (early: Buffer) => taken.push(early),
      onHandleHandshakes: async () => {},
      waitForReady: async () => {},
    };
    await turn();
    expect(taken.map(({ length }) => length)).toEqual([1, 2, 3, 4]);
  });
});
