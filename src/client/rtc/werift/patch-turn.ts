/**
 * Patches werift's TURN client. The refresh timer of its relay address keeps running after the client is closed, which
 * keeps the process alive for eight minutes. It renews a channel after 500 s, although the permission that comes with
 * it ends after 300 s (RFC 8656 section 9): for minutes nothing would get through. It reports neither a server's
 * refusal nor its silence. It ignores a refusal of its credentials, because it is not signed with them, which no
 * server can do (RFC 8489 section 9.2.4), and repeats the request for six seconds. It signs a request that it repeats
 * with a new nonce together with its first signature, which no server accepts, and takes a nonce that is stale by the
 * time of the first signed request for a refusal.
 */
import { randomBytes } from 'node:crypto';
import { Lifetime } from './lifetime.ts';

/** Of the remaining lifetime, so that a lost request can be repeated. */
const REFRESH_AFTER = 5 / 6;
const CHANNEL_REFRESH_S = 240;
const AFTER_FAILURE_S = 5;
const UNAUTHENTICATED = 401;
const STALE_NONCE = 438;
const CREDENTIALS_REFUSED: ReadonlySet<number> = new Set([UNAUTHENTICATED, STALE_NONCE]);
const SIGNATURE: ReadonlySet<string> = new Set(['MESSAGE-INTEGRITY', 'FINGERPRINT']);
const HEADER_BYTES = 20;
const ERROR_CLASS = 0x0110;
const ERROR_CODE = 0x0009;

interface TurnClient {
  readonly server: unknown;
  channelRefreshTime: number;
  refresh: (lifetimeS: number) => void;
  refreshHandle: { resolve: () => void } | undefined;
  nonce: unknown;
  request(request: Request, ...rest: readonly unknown[]): Promise<[Answer, unknown]>;
  requestWithRetry(request: Request, server: unknown): Promise<[Answer, unknown]>;
  connectionMade(): Promise<void>;
  handleSTUNMessage(data: Buffer, address: unknown): void;
  /** Unanswered requests, by their ids in hexadecimal. */
  readonly transactions: Readonly<Record<string, { integrityKey?: unknown }>>;
}

interface Request {
  transactionId: Buffer;
  readonly attributes: [name: string, value: unknown][];
}

interface Answer {
  getAttributeValue(name: 'LIFETIME'): number;
}

interface Refusal {
  readonly response?: {
    getAttributeValue(name: 'ERROR-CODE'): readonly [number, string] | undefined;
    getAttributeValue(name: 'NONCE'): unknown;
  };
}

/**
 * Patches every TURN client that is created from here on.
 * @param makeRefresh makes a REFRESH request for this many seconds
 */
export function patchTurn(prototype: object, makeRefresh: (lifetimeS: number) => unknown): void {
  const client = prototype as TurnClient;
  const { connectionMade } = client;
  hearRefusals(client);
  repeatWithNewNonce(client);
  client.connectionMade = function (this: TurnClient) {
    this.channelRefreshTime = CHANNEL_REFRESH_S;
    this.refresh = (lifetimeS) => keep(this, lifetimeS, makeRefresh);
    const lifetime = Lifetime.current;
    return connectionMade.call(this).catch((error) => {
      lifetime?.noteServerError(error);
      throw error;
    });
  };
}

/** Lets a refusal of the credentials through, although it is not signed. */
function hearRefusals(client: TurnClient): void {
  const handle = client.handleSTUNMessage;
  client.handleSTUNMessage = function (this: TurnClient, data, address) {
    const question = this.transactions[data.subarray(8, 20).toString('hex')];
    if (question && CREDENTIALS_REFUSED.has(errorCodeIn(data) ?? 0)) question.integrityKey = undefined;
    handle.call(this, data, address);
  };
}

/** RFC 8489 section 9.2.5: a stale nonce is no refusal, but once more it is. */
function repeatWithNewNonce(client: TurnClient): void {
  const { request: ask, requestWithRetry: askWithRetry } = client;
  client.request = function (this: TurnClient, request, ...rest) {
    const unsigned = request.attributes.filter(([name]) => !SIGNATURE.has(name));
    request.attributes.splice(0, request.attributes.length, ...unsigned);
    return ask.call(this, request, ...rest);
  };
  client.requestWithRetry = function (this: TurnClient, request, server) {
    const { nonce: before } = this;
    return askWithRetry.call(this, request, server).catch((error: Refusal) => {
      const { response } = error;
      const isStale = response?.getAttributeValue('ERROR-CODE')?.[0] === STALE_NONCE;
      // With a nonce from before, werift has asked again already.
      if (!isStale || before !== undefined) throw error;
      this.nonce = response.getAttributeValue('NONCE');
      request.transactionId = randomBytes(12);
      return this.request(request, this.server);
    });
  };
}

/** The code of an error response (RFC 8489 sections 5 and 14.8); undefined for anything else. */
function errorCodeIn(data: Buffer): number | undefined {
  if (data.length < HEADER_BYTES || (data.readUInt16BE(0) & ERROR_CLASS) !== ERROR_CLASS) return undefined;
  for (let at = HEADER_BYTES; at + 4 <= data.length; ) {
    const [type, length] = [data.readUInt16BE(at), data.readUInt16BE(at + 2)];
    if (type === ERROR_CODE && at + 8 <= data.length)
      return ((data[at + 6] as number) & 7) * 100 + (data[at + 7] as number);
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return undefined;
}

/** Refreshes the relay address repeatedly; closing the client calls `resolve`. */
function keep(client: TurnClient, lifetimeS: number, makeRefresh: (lifetimeS: number) => unknown): void {
  let isClosed = false;
  const arm = (seconds: number) => setTimeout(refresh, seconds * 1000);
  const refresh = async () => {
    const answer = await client
      .requestWithRetry(makeRefresh(lifetimeS) as Request, client.server)
      .catch(() => undefined);
    if (isClosed) return;
    timer = arm(answer ? answer[0].getAttributeValue('LIFETIME') * REFRESH_AFTER : AFTER_FAILURE_S);
  };
  let timer = arm(lifetimeS * REFRESH_AFTER);
  client.refreshHandle = {
    resolve() {
      isClosed = true;
      clearTimeout(timer);
    },
  };
}
