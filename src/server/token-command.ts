/** `pairlane token`: creates a token signed with a secret, for tests and small uses. An app signs its own. */
import { defineCommand } from '../common/command.ts';
import { OptionError } from '../common/options.ts';

const SECONDS_IN: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

export const tokenCommand = defineCommand({
  name: 'token',
  about: 'Make a token for a server that requires one (--jwt-secret-file).',
  details:
    'Make a token, signed with HS256, for a server that was started with the same --jwt-secret-file. Anyone who has the\n' +
    'token can do what it says until it expires, so give it to one client only.',
  examples: [
    [
      "pairlane token --secret-file jwt-secret --rooms 'game-*' --ttl 1h",
      'for an hour, for rooms of those names',
    ],
  ],
  options: {
    secret: {
      kind: 'text',
      value: 'SECRET',
      isSecret: true,
      isFlagOnly: true,
      help: "The server's --jwt-secret; better in a file.",
    },
    sub: {
      kind: 'text',
      value: 'ID',
      isFlagOnly: true,
      help: 'Id by which peers know the client; by default the server makes one.',
    },
    app: {
      kind: 'text',
      value: 'APP',
      isFlagOnly: true,
      help: 'App whose clients, keys and rooms the client can use.',
    },
    rooms: {
      kind: 'list',
      value: 'PATTERN',
      isFlagOnly: true,
      default: [],
      help: "Rooms that it can join, such as 'game-*'; all by default.",
    },
    may: {
      kind: 'text',
      value: 'WHAT,...',
      isFlagOnly: true,
      help: 'What the client can do: pair, key, join, create, lead, turn, separated by commas; all by default.',
    },
    maxPeers: { kind: 'integer', min: 1, max: 10_000, isFlagOnly: true, help: 'How many pairings at once.' },
    metadata: {
      kind: 'text',
      value: 'JSON',
      isFlagOnly: true,
      help: 'Shown to the operator of the server; peers do not get it.',
    },
    audience: { kind: 'text', value: 'NAME', isFlagOnly: true, help: "The server's --jwt-audience." },
    issuer: { kind: 'text', value: 'NAME', isFlagOnly: true, help: "The server's --jwt-issuer." },
    ttl: {
      kind: 'text',
      value: 'TIME',
      isFlagOnly: true,
      default: '1h',
      help: 'How long it is valid, such as 90s, 15m, 1h or 7d.',
    },
    json: {
      kind: 'switch',
      isFlagOnly: true,
      default: false,
      help: 'Print JSON: the token, its claims, and when it expires.',
    },
  },
  async run({ secret, sub, app, rooms, may, maxPeers, metadata, audience, issuer, ttl, json }) {
    if (secret === undefined)
      throw new OptionError(['--secret-file: is missing; it is the file of --jwt-secret-file']);
    const { SignJWT } = await import('jose');
    const { grantsFrom } = await import('./admission/tokens/claims.ts');
    const { secretKey } = await import('./admission/tokens/token-keys.ts');
    const now = Math.floor(Date.now() / 1_000);
    const claims = {
      ...(sub !== undefined && { sub }),
      ...(app !== undefined && { app }),
      ...(rooms.length > 0 && { rooms }),
      ...(may !== undefined && { may: may.split(',').map((one) => one.trim()) }),
      ...(maxPeers !== undefined && { max_peers: maxPeers }),
      ...(metadata !== undefined && { metadata: parsed(metadata) }),
      ...(audience !== undefined && { aud: audience }),
      ...(issuer !== undefined && { iss: issuer }),
      iat: now,
      exp: now + secondsIn(ttl),
    };
    const grants = grantsFrom(claims);
    if (typeof grants === 'string') throw new OptionError([`the claim ${grants}`]);
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .sign(checkedKey(() => secretKey(secret).key as Uint8Array));
    const expiresAt = new Date(claims.exp * 1_000).toISOString();
    process.stdout.write(
      json ? `${JSON.stringify({ token, claims, expires_at: expiresAt })}\n` : `${token}\n`,
    );
    return 0;
  },
});

function checkedKey(read: () => Uint8Array): Uint8Array {
  try {
    return read();
  } catch (error) {
    throw new OptionError([(error as Error).message.replace('--jwt-secret', '--secret')]);
  }
}

function secondsIn(ttl: string): number {
  const [, amount = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(ttl) ?? [];
  const seconds = Number(amount) * (SECONDS_IN[unit] ?? 0);
  if (seconds === 0) throw new OptionError(['--ttl: should be a time like 90s, 15m, 1h or 7d']);
  return seconds;
}

function parsed(metadata: string): unknown {
  try {
    return JSON.parse(metadata);
  } catch {
    throw new OptionError(['--metadata: should be JSON, like \'{"name":"Ada"}\'']);
  }
}
