/** A TURN server that refuses each request, with the code that a test gives, and keeps what it was asked. */
import { createHash, createHmac } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach } from '@jest/globals';

const [MESSAGE_INTEGRITY, ERROR_CODE, REALM, NONCE] = [0x0008, 0x0009, 0x0014, 0x0015] as const;
const HEADER_BYTES = 20;
export const CREDENTIALS = { username: 'a', password: 'b' };
const KEY = createHash('md5').update('a:here:b').digest();

export interface Asked {
  readonly nonce: string | undefined;
  /** undefined: it is not signed */
  readonly isSignedRight: boolean | undefined;
}

const ends: (() => void)[] = [];
afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** @param codes for one request after the other, the last one again and again; each answer brings a new nonce */
export async function startRefusingTurn(codes: readonly number[]): Promise<{ url: string; asked: Asked[] }> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  ends.push(() => socket.close());
  const asked: Asked[] = [];
  const answers = new Map<string, Buffer>();
  socket.on('message', (request, { port, address }) => {
    const id = request.toString('hex', 8, HEADER_BYTES);
    // The same request again: UDP may lose an answer.
    if (!answers.has(id)) {
      asked.push(readRequest(request));
      const code = codes[asked.length - 1] ?? codes.at(-1);
      answers.set(id, refusalOf(request, code as number, `nonce ${asked.length}`));
    }
    socket.send(answers.get(id) as Buffer, port, address);
  });
  await once(socket, 'listening');
  return { url: `turn:127.0.0.1:${socket.address().port}`, asked };
}

function readRequest(request: Buffer): Asked {
  let [nonce, isSignedRight]: [string?, boolean?] = [];
  for (let at = HEADER_BYTES; at < request.length; ) {
    const [type, length] = [request.readUInt16BE(at), request.readUInt16BE(at + 2)];
    const value = request.subarray(at + 4, at + 4 + length);
    if (type === NONCE) nonce = String(value);
    // RFC 8489 section 14.5: over all that comes before it, as if the message ended with it.
    if (type === MESSAGE_INTEGRITY && isSignedRight === undefined) {
      const signed = Buffer.from(request.subarray(0, at));
      signed.writeUInt16BE(at + 4 + length - HEADER_BYTES, 2);
      isSignedRight = createHmac('sha1', KEY).update(signed).digest().equals(value);
    }
    at += 4 + Math.ceil(length / 4) * 4;
  }
  return { nonce, isSignedRight };
}

function refusalOf(request: Buffer, code: number, nonce: string): Buffer {
  const header = Buffer.from(request.subarray(0, HEADER_BYTES));
  const attributes = [
    attribute(ERROR_CODE, Buffer.from([0, 0, Math.floor(code / 100), code % 100])),
    attribute(REALM, Buffer.from('here')),
    attribute(NONCE, Buffer.from(nonce)),
  ];
  const body = Buffer.concat(attributes);
  header.writeUInt16BE(request.readUInt16BE(0) | 0x0110, 0);
  header.writeUInt16BE(body.length, 2);
  return Buffer.concat([header, body]);
}

function attribute(type: number, value: Buffer): Buffer {
  const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
  bytes.writeUInt16BE(type, 0);
  bytes.writeUInt16BE(value.length, 2);
  value.copy(bytes, 4);
  return bytes;
}

const challenged: Asked = { nonce: undefined, isSignedRight: undefined };
const signedWith = (nonce: string): Asked => ({ nonce, isSignedRight: true });

/** What a client is told in the end, and what it asked by then (RFC 8489 section 9.2.5). */
export const REFUSALS: [what: string, codes: number[], told: number, asked: Asked[]][] = [
  ['the credentials is told of: 401', [401, 401], 401, [challenged, signedWith('nonce 1')]],
  [
    'a nonce that has become stale is asked again with the new one',
    [401, 438, 401],
    401,
    [challenged, signedWith('nonce 1'), signedWith('nonce 2')],
  ],
  [
    'each nonce is not asked forever: 438',
    [401, 438],
    438,
    [challenged, signedWith('nonce 1'), signedWith('nonce 2')],
  ],
];
