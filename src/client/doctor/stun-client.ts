/** Sends requests to STUN and TURN servers over UDP, TCP and TLS. Every request has a deadline. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  allocateRequest,
  bindingRequest,
  type Credentials,
  lengthOf,
  readResponse,
  releaseRequest,
  type StunRequest,
  type StunResponse,
} from './stun-message.ts';

/** For a request to be answered, and for a connection to be opened. */
const TIMEOUT_MS = 3_000;
/** A packet may be lost, so it is sent again after this time. */
const RESEND_MS = 400;
const MAX_ANSWER_BYTES = 64 * 1024;

export interface IceUrl {
  readonly isTurn: boolean;
  readonly host: string;
  readonly port: number;
  readonly transport: 'udp' | 'tcp' | 'tls';
}

/** @returns undefined if the text is not a `stun:`, `turn:` or `turns:` URL (RFC 7064, RFC 7065) */
export function parseIceUrl(url: string): IceUrl | undefined {
  const match =
    /^(stuns?|turns?):(\[[0-9a-fA-F:.]+\]|[^:/?[\]\s]+)(?::(\d{1,5}))?(?:\?transport=(udp|tcp))?$/.exec(url);
  if (!match) return undefined;
  const [, scheme = '', host = '', port, transport] = match;
  const isSecure = scheme.endsWith('s');
  const number = Number(port ?? (isSecure ? 5349 : 3478));
  if (number < 1 || number > 65_535) return undefined;
  return {
    isTurn: scheme.startsWith('turn'),
    host: host.replace(/^\[|\]$/g, ''),
    port: number,
    transport: isSecure ? 'tls' : transport === 'tcp' ? 'tcp' : 'udp',
  };
}

/** A connection to a server. */
interface Line {
  /** @throws if no answer arrives in time */
  ask(request: StunRequest): Promise<StunResponse>;
  close(): void;
}

export interface Allocation {
  /** Undefined if the allocation was made. */
  readonly errorCode: number | undefined;
}

/**
 * Whether a TURN server makes an allocation with these credentials; it is released again.
 * @throws if the server cannot be reached
 */
export async function allocate(url: IceUrl, credentials: Credentials | undefined): Promise<Allocation> {
  const line = await openLine(url);
  try {
    const first = await line.ask(allocateRequest());
    if (first.isSuccess) return { errorCode: undefined };
    if (first.errorCode !== 401 || !first.challenge || !credentials)
      return { errorCode: first.errorCode ?? 400 };
    let signed = { ...credentials, ...first.challenge };
    let answer = await line.ask(allocateRequest(signed));
    // RFC 8489 section 9.2.5: a stale nonce is no refusal, but once more it is.
    if (answer.errorCode === 438 && answer.challenge) {
      signed = { ...credentials, ...answer.challenge };
      answer = await line.ask(allocateRequest(signed));
    }
    if (!answer.isSuccess) return { errorCode: answer.errorCode ?? 400 };
    // Otherwise it would expire ten minutes later.
    await line.ask(releaseRequest(signed)).catch(() => {});
    return { errorCode: undefined };
  } finally {
    line.close();
  }
}

/**
 * The ports under which several servers see the same local socket.
 * @returns undefined for each server that does not answer
 */
export async function mappedPorts(urls: readonly IceUrl[]): Promise<readonly (number | undefined)[]> {
  const socket = createSocket('udp4');
  try {
    await bound(socket);
    return await Promise.all(
      urls.map(async (url) => {
        try {
          const { address } = await lookup(url.host, { family: 4 });
          return (await askByUdp(socket, { ...url, host: address }, bindingRequest())).mappedPort;
        } catch {
          return undefined;
        }
      }),
    );
  } finally {
    socket.close();
  }
}

async function openLine(url: IceUrl): Promise<Line> {
  if (url.transport === 'udp') {
    const { address, family } = await lookup(url.host);
    const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
    await bound(socket);
    return {
      ask: (request) => askByUdp(socket, { ...url, host: address }, request),
      close: () => socket.close(),
    };
  }
  const socket = await opened(url);
  return { ask: (request) => askByStream(socket, request), close: () => socket.destroy() };
}

function bound(socket: UdpSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, resolve);
  });
}

function askByUdp(
  socket: UdpSocket,
  { host, port }: IceUrl,
  { id, bytes }: StunRequest,
): Promise<StunResponse> {
  return new Promise((resolve, reject) => {
    const send = () => socket.send(bytes, port, host, () => {});
    const resend = setInterval(send, RESEND_MS);
    const deadline = setTimeout(() => end(() => reject(new Error('no answer'))), TIMEOUT_MS);
    const take = (data: Buffer) => {
      const response = readResponse(data, id);
      if (response) end(() => resolve(response));
    };
    const fail = (error: Error) => end(() => reject(error));
    const end = (settle: () => void) => {
      clearInterval(resend);
      clearTimeout(deadline);
      socket.off('message', take);
      socket.off('error', fail);
      settle();
    };
    socket.on('message', take);
    socket.on('error', fail);
    send();
  });
}

function opened({ host, port, transport }: IceUrl): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket =
      transport === 'tls' ? connectTls({ host, port, servername: host }) : connect({ host, port });
    const deadline = setTimeout(() => socket.destroy(new Error('no connection in time')), TIMEOUT_MS);
    socket.once(transport === 'tls' ? 'secureConnect' : 'connect', () => {
      clearTimeout(deadline);
      resolve(socket);
    });
    socket.once('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
  });
}

function askByStream(socket: Socket, { id, bytes }: StunRequest): Promise<StunResponse> {
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const deadline = setTimeout(() => end(() => reject(new Error('no answer'))), TIMEOUT_MS);
    const take = (data: Buffer) => {
      received = Buffer.concat([received, data]);
      const length = lengthOf(received);
      if (received.length > MAX_ANSWER_BYTES) fail(new Error('it sends something else than STUN'));
      else if (length !== undefined && received.length >= length) {
        const response = readResponse(received.subarray(0, length), id);
        end(() => (response ? resolve(response) : reject(new Error('it sends something else than STUN'))));
      }
    };
    const fail = (error: Error) => end(() => reject(error));
    const closed = () => fail(new Error('it closed the connection'));
    const end = (settle: () => void) => {
      clearTimeout(deadline);
      socket.off('data', take);
      socket.off('error', fail);
      socket.off('close', closed);
      settle();
    };
    socket.on('data', take);
    socket.on('error', fail);
    socket.on('close', closed);
    socket.write(bytes);
  });
}
