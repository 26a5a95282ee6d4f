/** Signs tokens in tests: a key pair of each kind, key files, and a server that publishes keys. */
import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from '@jest/globals';
import { exportJWK, type JWTPayload, SignJWT } from 'jose';

export const SECRET = randomBytes(32).toString('base64');

export interface KeyPair {
  readonly alg: string;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export const keyPairs: { readonly [alg in 'RS256' | 'ES256' | 'EdDSA']: () => KeyPair } = {
  RS256: () => ({ alg: 'RS256', ...generateKeyPairSync('rsa', { modulusLength: 2048 }) }),
  ES256: () => ({ alg: 'ES256', ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) }),
  EdDSA: () => ({ alg: 'EdDSA', ...generateKeyPairSync('ed25519') }),
};

export const pemOf = ({ publicKey }: Pick<KeyPair, 'publicKey'>) =>
  String(publicKey.export({ type: 'spki', format: 'pem' }));

/** Seconds since 1970, by the clock of the machine. */
export const nowS = () => Math.floor(Date.now() / 1_000);

/** A token that is valid for an hour, unless the claims say otherwise. */
export function sign(
  claims: JWTPayload,
  { alg, privateKey }: Pick<KeyPair, 'alg' | 'privateKey'>,
  kid?: string,
): Promise<string> {
  return new SignJWT({ exp: nowS() + 3_600, ...claims })
    .setProtectedHeader({ alg, ...(kid !== undefined && { kid }) })
    .sign(privateKey);
}

/** The same with {@link SECRET}, or another one. */
export function signWithSecret(claims: JWTPayload, secret = SECRET): Promise<string> {
  return new SignJWT({ exp: nowS() + 3_600, ...claims })
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode(secret));
}

/** A token made by somebody without a key. */
export function forge(header: object, claims: object, signature = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part({ exp: nowS() + 3_600, ...claims })}.${signature}`;
}

const folder = mkdtempSync(join(tmpdir(), 'pairlane-tokens-'));
const closing: (() => void)[] = [() => rmSync(folder, { recursive: true })];
afterAll(() => {
  for (const close of closing.splice(0)) close();
});

export function fileWith(content: string): string {
  const file = join(folder, randomBytes(6).toString('hex'));
  writeFileSync(file, content);
  return file;
}

export interface Publisher {
  readonly url: string;
  /** The published keys, by `kid`. */
  keys: { readonly [kid: string]: KeyPair };
  /** How often the keys were requested. */
  asked: number;
  /** Sent in place of the keys. */
  answer: { readonly status: number; readonly body: string } | undefined;
}

/** Publishes keys as a JWKS. */
export async function publish(keys: Publisher['keys']): Promise<Publisher> {
  const publisher: Publisher = { url: '', keys, asked: 0, answer: undefined };
  const server = createServer(async (_req, res) => {
    publisher.asked += 1;
    const { answer } = publisher;
    if (answer) return void res.writeHead(answer.status).end(answer.body);
    const published = await Promise.all(
      Object.entries(publisher.keys).map(async ([kid, { publicKey, alg }]) => ({
        ...(await exportJWK(publicKey)),
        alg,
        ...(kid !== '' && { kid }),
      })),
    );
    res.end(JSON.stringify({ keys: published }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(publisher, { url: `http://127.0.0.1:${port}/jwks.json` });
}
