/** What tokens are taken, and why others are not. They are signed by `jose` and by node:crypto, and forged by hand. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import type { JWTPayload } from 'jose';
import type { TokenVerdict } from '../../../../src/server/admission/tokens/authenticator.ts';
import { JWKS_PAUSE_MS, publishedKeys } from '../../../../src/server/admission/tokens/token-keys.ts';
import { createTokenVerifier, TokenVerifier } from '../../../../src/server/admission/tokens/verify-token.ts';
import { startServer } from '../../../../src/server/index.ts';
import {
  fileWith,
  forge,
  keyPairs,
  nowS,
  pemOf,
  publish,
  SECRET,
  sign,
  signWithSecret,
} from '../../../support/servers/token-issuer.ts';

type Options = Parameters<typeof createTokenVerifier>[0];

const verifierOf = (options: Options, wallTime = () => Date.now()) => {
  const verifier = createTokenVerifier(options, wallTime);
  if (!verifier) throw new Error('no verifier');
  return verifier;
};

const ask = (verifier: TokenVerifier, token: string | undefined): Promise<TokenVerdict> =>
  verifier.authenticate({ token, address: '192.0.2.1', wants: 'connect' });

/** @returns the code and the message with which it is refused; fails when it is taken */
async function refusalOf(verifier: TokenVerifier, token: string | undefined) {
  const verdict = await ask(verifier, token);
  if ('grants' in verdict) throw new Error(`taken, with ${JSON.stringify(verdict.grants)}`);
  return verdict.refusal;
}

const withSecret = (options: Options = {}) => verifierOf({ jwtSecret: SECRET, ...options });

describe('a token is taken', () => {
  it('that is signed with the secret (HS256), and its claims are the grants', async () => {
    const exp = nowS() + 60;
    const claims = {
      ...{ sub: 'ada', app: 'chess', rooms: ['game-*'], may: ['pair', 'join'], max_peers: 3 },
      metadata: { name: 'Ada' },
      exp,
    };
    expect(await ask(withSecret(), await signWithSecret(claims))).toEqual({
      grants: {
        ...{ sub: 'ada', app: 'chess', rooms: ['game-*'], may: ['pair', 'join'], maxPeers: 3 },
        metadata: { name: 'Ada' },
        expiresAt: exp * 1_000,
      },
    });
  });

  it('without claims beside its end, and allows everything in the app without a name', async () => {
    const verdict = await ask(withSecret(), await signWithSecret({}));
    const may = ['pair', 'key', 'join', 'create', 'lead', 'turn'];
    expect(verdict).toEqual({ grants: { app: '', may, expiresAt: expect.any(Number) } });
  });

  it.each(['RS256', 'ES256', 'EdDSA'] as const)(
    'that is signed by %s, with the public key in a file',
    async (alg) => {
      const pair = keyPairs[alg]();
      const verifier = verifierOf({ jwtPublicKeyFile: fileWith(pemOf(pair)) });
      expect(await ask(verifier, await sign({ app: 'chess' }, pair))).toMatchObject({
        grants: { app: 'chess' },
      });
    },
  );

  it.each([
    ['exp', 29, { exp: -29 }],
    ['nbf', 29, { nbf: 29 }],
  ])('whose %s is %i s off, as clocks are', async (_claim, _seconds, offsets) => {
    const claims = Object.fromEntries(Object.entries(offsets).map(([name, s]) => [name, nowS() + s]));
    expect(await ask(withSecret(), await signWithSecret(claims))).toHaveProperty('grants');
  });

  it('for its audience and of its issuer', async () => {
    const verifier = withSecret({ jwtAudience: 'pairlane', jwtIssuer: 'https://id.example' });
    const token = await signWithSecret({ aud: ['other', 'pairlane'], iss: 'https://id.example' });
    expect(await ask(verifier, token)).toHaveProperty('grants');
  });
});

describe('a token is refused', () => {
  it.each([
    ['whose exp is 31 s ago', { exp: -31 }, 'token_expired', 'has expired'],
    ['whose nbf is 31 s ahead', { nbf: 31 }, 'token_invalid', 'not valid yet'],
  ])('%s', async (_name, offsets, code, words) => {
    const claims = Object.fromEntries(Object.entries(offsets).map(([name, s]) => [name, nowS() + s]));
    const refusal = await refusalOf(withSecret(), await signWithSecret(claims));
    expect(refusal).toEqual({ code, message: expect.stringContaining(words) });
  });

  it.each([
    ['of another secret', async () => signWithSecret({}, `${SECRET}x`), 'signature'],
    ['of no algorithm (`alg: none`)', async () => forge({ alg: 'none' }, {}), 'algorithm'],
    ['of no algorithm, spelled otherwise', async () => forge({ alg: 'nOnE' }, {}), 'algorithm'],
    ['whose claims were changed', async () => changed(await signWithSecret({ app: 'a' })), 'signature'],
    ['without a signature', async () => `${(await signWithSecret({})).replace(/[^.]+$/, '')}`, 'signature'],
    ['that is no token', async () => 'hello', 'not a signed JWT'],
    ['that is empty', async () => '', 'not a signed JWT'],
    ['whose header is no JSON', async () => 'eyJ.eyJ.x', 'not a signed JWT'],
    ['that is encrypted', async () => forge({ alg: 'dir', enc: 'A256GCM' }, {}), 'algorithm'],
    [
      'with a header that must be understood (`crit`)',
      async () => hs256({ alg: 'HS256', crit: ['x'], x: 1 }),
      '',
    ],
    ['without an end (`exp`)', async () => hs256({ alg: 'HS256' }, {}), '`exp`'],
    ['with an end that is no number', async () => hs256({ alg: 'HS256' }, { exp: 'never' }), ''],
    ['for an audience, where none is known', async () => signWithSecret({ aud: 'other' }), '--jwt-audience'],
  ])('%s', async (_name, make, words) => {
    const refusal = await refusalOf(withSecret(), await make());
    expect(refusal).toEqual({ code: 'token_invalid', message: expect.stringContaining(words) });
  });

  it('that is not there', async () => {
    expect(await refusalOf(withSecret(), undefined)).toMatchObject({ code: 'token_invalid' });
  });

  it.each([
    ['audience', { iss: 'me' }],
    ['audience', { iss: 'me', aud: 'other' }],
    ['issuer', { aud: 'pairlane' }],
    ['issuer', { aud: 'pairlane', iss: 'other' }],
  ])('of another %s: %j', async (_what, claims) => {
    const verifier = withSecret({ jwtAudience: 'pairlane', jwtIssuer: 'me' });
    expect(await refusalOf(verifier, await signWithSecret(claims))).toMatchObject({ code: 'token_invalid' });
  });

  it.each([
    ['sub', { sub: '' }],
    ['sub', { sub: 'x'.repeat(92) }],
    ['sub', { sub: 'ada\u202E' }],
    ['sub', { sub: 'ada\u200B' }],
    ['app', { app: 'a/b' }],
    ['app', { app: 'x'.repeat(37) }],
    ['rooms', { rooms: 'all' }],
    ['rooms', { rooms: new Array(65).fill('r') }],
    ['may', { may: ['fly'] }],
    ['max_peers', { max_peers: 0 }],
    ['metadata', { metadata: 'x'.repeat(2_049) }],
  ])('whose claim %s does not fit: %j', async (claim, claims) => {
    const { code, message } = await refusalOf(withSecret(), await signWithSecret(claims as JWTPayload));
    expect(code).toBe('token_invalid');
    expect(message).toContain(`\`${claim}`);
  });

  it('of more than 8 KiB, before anybody looks into it; of 8 KiB it is read', async () => {
    const tooLong = await refusalOf(withSecret(), 'x'.repeat(8_193));
    expect(tooLong.message).toContain('8192');
    expect((await refusalOf(withSecret(), 'x'.repeat(8_192))).message).not.toContain('8192');
    const filled = await signWithSecret({ other: 'x'.repeat(5_900) });
    expect(filled.length).toBeLessThan(8_192);
    expect(await ask(withSecret(), filled)).toHaveProperty('grants');
  });

  it('without a word of it in the message', async () => {
    const tokens = [
      forge({ alg: 'SECRETWORD' }, {}),
      forge({ alg: 'HS256' }, { sub: 'SECRETWORD' }),
      'SECRETWORD',
    ];
    tokens.push(
      await signWithSecret({ SECRETWORD: 1, exp: 1 }),
      await signWithSecret({ may: ['SECRETWORD'] }),
    );
    for (const token of tokens)
      expect(JSON.stringify(await refusalOf(withSecret(), token))).not.toContain('SECRETWORD');
  });
});

describe('the algorithm follows the kind of the key:', () => {
  it('a public RSA key is no HS256 secret, however it is spelled', async () => {
    const pair = keyPairs.RS256();
    const pem = pemOf(pair);
    const verifier = verifierOf({ jwtPublicKeyFile: fileWith(pem) });
    const der = pair.publicKey.export({ type: 'spki', format: 'der' });
    for (const secret of [pem, pem.trim(), der, pair.publicKey.export({ type: 'pkcs1', format: 'pem' })])
      expect(await refusalOf(verifier, hs256({ alg: 'HS256' }, {}, secret))).toMatchObject({
        message: expect.stringContaining('algorithm'),
      });
  });

  it('a published key is no HS256 secret, and a published secret is none either', async () => {
    const pair = keyPairs.RS256();
    const publisher = await publish({ a: pair });
    const verifier = verifierOf({ jwksUrl: publisher.url });
    expect(await refusalOf(verifier, hs256({ alg: 'HS256', kid: 'a' }, {}, pemOf(pair)))).toMatchObject({
      message: expect.stringContaining('algorithm'),
    });
    const k = Buffer.from(SECRET).toString('base64url');
    publisher.answer = {
      status: 200,
      body: JSON.stringify({ keys: [{ kty: 'oct', k, kid: 'a', alg: 'HS256' }] }),
    };
    expect(await refusalOf(verifier, hs256({ alg: 'HS256', kid: 'a' }))).toMatchObject({
      code: 'token_invalid',
    });
  });

  it('a token of another kind of key than the one in the file is refused', async () => {
    const verifier = verifierOf({ jwtPublicKeyFile: fileWith(pemOf(keyPairs.ES256())) });
    for (const alg of ['RS256', 'EdDSA'] as const)
      expect(await refusalOf(verifier, await sign({}, keyPairs[alg]()))).toMatchObject({
        code: 'token_invalid',
      });
  });

  it('a key in the token itself (`jwk`, `jku`) counts for nothing', async () => {
    const own = keyPairs.ES256();
    const verifier = verifierOf({ jwtPublicKeyFile: fileWith(pemOf(keyPairs.ES256())) });
    const jwk = own.publicKey.export({ format: 'jwk' });
    const { SignJWT } = await import('jose');
    const token = await new SignJWT({ exp: nowS() + 60 })
      .setProtectedHeader({ alg: 'ES256', jwk: jwk as never, jku: 'http://127.0.0.1:1/' })
      .sign(own.privateKey);
    expect(await refusalOf(verifier, token)).toMatchObject({ message: expect.stringContaining('signature') });
  });
});

describe('published keys', () => {
  it('that were changed are looked up anew when a token names one that is not known', async () => {
    const [before, after] = [keyPairs.ES256(), keyPairs.RS256()];
    const publisher = await publish({ before });
    const verifier = new TokenVerifier(
      [publishedKeys(publisher.url, { wallTime: Date.now, cooldownMs: 0 })],
      {},
      () => Date.now(),
    );
    expect(await ask(verifier, await sign({}, before, 'before'))).toHaveProperty('grants');
    publisher.keys = { after };
    expect(await ask(verifier, await sign({}, after, 'after'))).toHaveProperty('grants');
    expect(await refusalOf(verifier, await sign({}, before, 'before'))).toMatchObject({
      code: 'token_invalid',
    });
  });

  it('are asked for once for a hundred tokens of unknown keys: a stranger cannot make us ask', async () => {
    const pair = keyPairs.ES256();
    const publisher = await publish({ a: pair });
    const verifier = verifierOf({ jwksUrl: publisher.url });
    const tokens = await Promise.all(Array.from({ length: 100 }, (_, n) => sign({}, pair, `b${n}`)));
    for (const token of tokens) expect((await refusalOf(verifier, token)).message).toContain('not published');
    expect(publisher.asked).toBe(1);
  });

  it('of which a token names none are all tried', async () => {
    const [one, other] = [keyPairs.ES256(), keyPairs.ES256()];
    const verifier = verifierOf({ jwksUrl: (await publish({ one, other })).url });
    for (const pair of [one, other])
      expect(await ask(verifier, await sign({}, pair))).toHaveProperty('grants');
    expect(await refusalOf(verifier, await sign({}, keyPairs.ES256()))).toMatchObject({
      message: expect.stringContaining('signature'),
    });
  });

  it('of which a token names none are tried up to the eighth, and what is wrong beside the signature is told', async () => {
    const pairs = Array.from({ length: 9 }, () => keyPairs.ES256());
    const keys = Object.fromEntries(pairs.map((pair, n) => [`key ${n}`, pair]));
    const verifier = verifierOf({ jwksUrl: (await publish(keys)).url });
    const signed = async (n: number, claims = {}) => sign(claims, pairs[n] as (typeof pairs)[number]);
    expect(await ask(verifier, await signed(7))).toHaveProperty('grants');
    expect((await refusalOf(verifier, await signed(8))).message).toContain('signature');
    expect((await refusalOf(verifier, await signed(1, { exp: nowS() - 60 }))).code).toBe('token_expired');
  });

  it.each([
    ['that are refused (500)', { status: 500, body: '' }],
    ['that lead elsewhere (302)', { status: 302, body: '' }],
    ['that are no JSON', { status: 200, body: '<html>' }],
    ['that are no keys', { status: 200, body: '{"keys":1}' }],
    ['of more than 256 KiB', { status: 200, body: JSON.stringify({ keys: [], x: 'x'.repeat(256 * 1024) }) }],
  ])('%s let nobody in, and the client is told to try again', async (_name, answer) => {
    const pair = keyPairs.ES256();
    const publisher = await publish({ a: pair });
    publisher.answer = answer;
    let now = Date.now();
    const failures: string[] = [];
    const verifier = createTokenVerifier(
      { jwksUrl: publisher.url },
      () => now,
      (why) => failures.push(why),
    ) as TokenVerifier;
    const token = await sign({}, pair, 'a');
    // A stranger's tokens do not make us ask a server that fails again and again.
    for (let i = 0; i < 20; i += 1)
      expect(await refusalOf(verifier, token)).toMatchObject({ code: 'unavailable' });
    expect(publisher.asked).toBe(1);
    expect(failures).toHaveLength(1);
    publisher.answer = undefined;
    now += JWKS_PAUSE_MS;
    expect(await ask(verifier, token)).toHaveProperty('grants');
  });
});

describe('a key is refused when the server starts', () => {
  const rsa = (modulusLength: number) => pemOf(generateKeyPairSync('rsa', { modulusLength }));
  it.each([
    ['a secret of 31 bytes', { jwtSecret: 'x'.repeat(31) }, 'has fewer than 32 bytes'],
    ['a file that is not there', { jwtPublicKeyFile: '/nowhere/key.pem' }, 'ENOENT'],
    ['a file without a key', { jwtPublicKeyFile: fileWith('hello') }, 'no public key'],
    [
      'a file of more than 64 KiB',
      { jwtPublicKeyFile: fileWith('x'.repeat(64 * 1024 + 1)) },
      'more than 65536 bytes',
    ],
    ['one of 64 KiB without a key', { jwtPublicKeyFile: fileWith('x'.repeat(64 * 1024)) }, 'no public key'],
    ['a private key', { jwtPublicKeyFile: fileWith(privatePem()) }, 'private key'],
    ['an RSA key of 1024 bits', { jwtPublicKeyFile: fileWith(rsa(1_024)) }, '2048 bits'],
    [
      'a key of another curve',
      { jwtPublicKeyFile: fileWith(pemOf(generateKeyPairSync('ec', { namedCurve: 'P-384' }))) },
      'P-256',
    ],
  ])('%s', (_name, options, words) => {
    expect(() => createTokenVerifier(options, () => 0)).toThrow(words);
  });
});

it('a secret of 32 bytes is long enough', () => {
  expect(verifierOf({ jwtSecret: 'x'.repeat(32) })).toBeInstanceOf(TokenVerifier);
});

describe('a server does not start', () => {
  it.each([
    ['with a dialect whose clients bring no token', { jwtSecret: SECRET, rooms: true }, '--rooms'],
    ['with another one', { jwtSecret: SECRET, topics: true }, '--topics'],
    ['with keys from a URL that others can read', { jwksUrl: 'http://id.example/jwks' }, '--jwks-url'],
    ['with two public keys', { jwksUrl: 'https://id.example/', jwtPublicKeyFile: '/x' }, 'give one of them'],
    ['with keys from a URL with a password', { jwksUrl: 'https://a:b@id.example/' }, 'without a password'],
    ['with an audience and no key', { jwtAudience: 'pairlane' }, '--jwt-audience'],
    ['with a secret that is too short', { jwtSecret: 'short' }, '32 bytes'],
  ])('%s', async (_name, options, words) => {
    await expect(startServer({ port: 0, logLevel: 'silent', ...options })).rejects.toThrow(words);
  });
});

/** Signed by hand: what `jose` would not sign. */
function hs256(
  header: object,
  claims: object = { exp: nowS() + 60 },
  secret: string | Buffer = SECRET,
): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part(header)}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** With another app in its claims, and its old signature. */
function changed(token: string): string {
  const [header = '', claims = '', signature = ''] = token.split('.');
  const other = JSON.stringify({ ...JSON.parse(Buffer.from(claims, 'base64url').toString()), app: 'b' });
  return [header, Buffer.from(other).toString('base64url'), signature].join('.');
}

function privatePem(): string {
  return String(keyPairs.ES256().privateKey.export({ type: 'pkcs8', format: 'pem' }));
}
