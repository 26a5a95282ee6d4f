/** Options shared by the commands that create a peer. */
import { CommandError } from '../../common/command.ts';
import { readNamedFile } from '../../common/named-file.ts';
import { addressFormat, stunFormat, urlFormat } from '../../common/option-formats.ts';
import type { OptionTable, OptionValues } from '../../common/option-table.ts';
import { MAX_SECRET_BYTES } from '../../common/secret-files.ts';
import { MAX_PEERS_PER_CLIENT } from '../../protocol/native/limits.ts';
import type { PairlaneError, Peer, PeerOptions } from '../index.ts';
import { DEFAULT_ICE_SERVERS, DEFAULT_URL } from '../peer/peer-options.ts';

export const peerOptions = {
  url: {
    kind: 'text',
    value: 'URL',
    default: DEFAULT_URL,
    format: urlFormat(['ws:', 'wss:'], 'ws://HOST:PORT/ or wss://HOST/'),
    help: 'The signaling server.',
  },
  iceServer: {
    kind: 'list',
    value: 'URL',
    format: stunFormat,
    help: `STUN server, instead of those that the signaling server names, or else ${DEFAULT_ICE_SERVERS[0]?.urls}.`,
  },
  ice: {
    kind: 'switch',
    default: true,
    help: 'Use STUN servers; --no-ice connects within one network only.',
  },
  iceHostAddress: {
    kind: 'list',
    value: 'ADDRESS',
    format: addressFormat,
    help: 'Another address to offer to the peer, such as 127.0.0.1 on a machine that has no other.',
  },
  key: { kind: 'text', value: 'KEY', isFlagOnly: true, help: 'Pair with the client that made this key.' },
  id: { kind: 'text', value: 'ID', isFlagOnly: true, help: 'Pair with the client that has this id.' },
  inspect: {
    kind: 'switch',
    help: "Report each step of this peer's state machine to the server, for its inspector.",
  },
  peers: {
    kind: 'integer',
    min: 1,
    max: MAX_PEERS_PER_CLIENT,
    default: 1,
    help: 'How many peers at once; the server may allow fewer.',
  },
  tokenFile: {
    kind: 'text',
    value: 'FILE',
    help: 'File with the token for a server that requires one; read again for each connection.',
  },
  newKey: { kind: 'switch', isFlagOnly: true, help: 'Make a pairing key for someone else, and print it.' },
} as const satisfies OptionTable;

/** STUN servers are named for a peer that uses them. */
export const iceAlternatives = ['iceServer', 'ice'] as const;
/** Who pairs with whom is said in one way: with the client of a key or id, or with whoever gets the key that is made. */
export const peerAlternatives = [iceAlternatives, ['key', 'id', 'newKey']] as const;

export type CliPeerOptions = OptionValues<typeof peerOptions>;

/**
 * Connects a peer according to the command line.
 * @throws {CommandError} with one line for the user
 */
export async function connect(options: CliPeerOptions): Promise<Peer> {
  try {
    // Loaded only by a command that runs: loading takes longer than all of `--help`.
    const { createPeer } = await import('../index.ts');
    return await createPeer(peerOptionsOf(options));
  } catch (error) {
    const { code } = error as PairlaneError;
    const message = wordsOf(error);
    throw code === 'invalid_option'
      ? new CommandError(message, 2)
      : new CommandError(code === 'token_failed' ? message : `${options.url}: ${message}`, 1, {
          cause: error,
        });
  }
}

/**
 * The token in the file of `--token-file`.
 * @throws {CommandError} if it cannot be read, or is empty
 */
export function readToken(file: string): string {
  let token: string;
  try {
    token = readNamedFile(file, MAX_SECRET_BYTES).bytes.toString().trim();
  } catch (error) {
    throw new CommandError(`--token-file: ${(error as Error).message}`);
  }
  if (token === '') throw new CommandError(`--token-file: ${file} is empty`);
  return token;
}

/** An error in words for the terminal, where a token comes from a file and not from a callback. */
export function wordsOf(error: unknown): string {
  const { code, message, cause } = error as PairlaneError;
  return code === 'token_failed' && cause instanceof CommandError ? cause.message : message;
}

/** The shared options that determine how a peer connects. */
export type CliConnection = Omit<CliPeerOptions, 'key' | 'id' | 'newKey' | 'peers' | 'tokenFile'> &
  Partial<Pick<CliPeerOptions, 'peers' | 'tokenFile'>>;

/** A peer's options, from those of the command line. */
export function peerOptionsOf(options: CliConnection): PeerOptions {
  const { url, ice, iceServer, iceHostAddress, inspect, peers = 1, tokenFile } = options;
  const iceServers = ice ? iceServer?.map((urls) => ({ urls })) : [];
  return {
    url,
    inspect,
    ...(peers > 1 && { peers }),
    ...(tokenFile !== undefined && {
      token: async () => readToken(tokenFile),
    }),
    ...(iceServers && { iceServers }),
    ...(iceHostAddress && { iceAdditionalHostAddresses: iceHostAddress }),
  };
}

/** The client that the command line says to pair with. */
export function targetOf({ key, id }: CliPeerOptions): { key: string } | { id: string } | undefined {
  if (key !== undefined) return { key };
  return id === undefined ? undefined : { id };
}

export function shown(data: string | Uint8Array): string {
  return typeof data === 'string' ? data : `[${data.length} bytes]`;
}
