/**
 * `pairlane bot`: a headless peer, for scripts and tests. Its exit status says whether it did what it was asked to do.
 */
import { CommandError, defineCommand } from '../../common/command.ts';
import type { OptionTable, OptionValues } from '../../common/option-table.ts';
import { MAX_PEERS_PER_CLIENT } from '../../protocol/index.ts';
import type { PairlaneError, Peer, PeerErrorCode } from '../index.ts';
import { createEcho } from './echo.ts';
import { type Tell, tellJson, tellPeople } from './event-output.ts';
import { connect, peerAlternatives, peerOptions, shown, targetOf, wordsOf } from './peer-command-options.ts';

const botOptions = {
  ...peerOptions,
  peers: {
    kind: 'integer',
    min: 1,
    max: MAX_PEERS_PER_CLIENT,
    help: `How many peers at once; 1 by default, with --forever ${MAX_PEERS_PER_CLIENT}. The server may allow fewer.`,
  },
  echo: { kind: 'switch', isFlagOnly: true, help: 'Send every message back.' },
  say: { kind: 'text', value: 'TEXT', isFlagOnly: true, help: 'Send this, and wait for an answer.' },
  count: {
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    zero: 'without --say, no end',
    isFlagOnly: true,
    help: 'With --say, how many times (1); without, how many messages to receive before ending.',
  },
  forever: {
    kind: 'switch',
    isFlagOnly: true,
    help: 'Serve every peer, also several at once, until Ctrl+C; a new key then works any number of times.',
  },
  timeout: {
    kind: 'integer',
    min: 1,
    max: 86_400,
    zero: 'none',
    default: 30,
    help: 'Seconds in which the channel must open (with --key or --id) and everything counted must happen.',
  },
  stats: {
    kind: 'switch',
    isFlagOnly: true,
    help: 'Report on the connection every five seconds: direct or through a relay, round-trip time, bytes.',
  },
  json: { kind: 'switch', help: 'Print one JSON object per line for each event.' },
} as const satisfies OptionTable;

type GivenOptions = OptionValues<typeof botOptions>;
type BotOptions = Omit<GivenOptions, 'peers'> & { readonly peers: number };

export const botCommand = defineCommand({
  name: 'bot',
  about: 'Run a headless peer that says something, or echoes.',
  details:
    'Run a headless peer. With --say it ends once every message has been answered; without, on Ctrl+C or after --count\n' +
    'messages. With --forever it serves every peer. Exit status: 0 if it did what was asked, 1 if not within --timeout.',
  options: botOptions,
  alternatives: [...peerAlternatives, ['forever', 'count']],
  examples: [
    ['pairlane bot --new-key --echo --forever', 'sends back what anybody says to it'],
    ['pairlane bot --key ABCD-EFGH-JKLM --say hello', 'says hello, and ends with the answer'],
  ],
  run: bot,
});

/** How long after the last message its receiver has to read it and leave. */
const PARTING_MS = 1_000;

/** Thrown when the bot itself gives up, with one of the client's error codes. */
class BotError extends Error {
  readonly code: PeerErrorCode;

  constructor(code: PeerErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

async function bot(given: GivenOptions): Promise<number> {
  const options = { ...given, peers: given.peers ?? (given.forever ? MAX_PEERS_PER_CLIENT : 1) };
  const tell = options.json ? tellJson : tellPeople;
  const peer = await connect(options).catch((error: CommandError) => {
    const { code } = (error.cause ?? {}) as { code?: string };
    if (code !== undefined) tell('error', { code, message: error.message });
    throw error;
  });
  let stopDeadline = () => {};
  try {
    await new Promise<void>((resolve, reject) => {
      stopDeadline = watchTime(options, peer, reject);
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
      report(peer, options, tell);
      if (options.forever) serve(peer, options, tell, reject);
      else converse(peer, options, resolve, reject);
      begin(peer, options, tell).catch(reject);
    });
    return 0;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    tell('error', { code: code ?? 'internal', message });
    throw new CommandError(message);
  } finally {
    stopDeadline();
    await peer.close();
  }
}

async function begin(peer: Peer, options: BotOptions, tell: Tell): Promise<void> {
  const endless = options.forever ? { ttlS: 0, uses: 0 } : {};
  const key = options.newKey ? (await peer.createKey(endless)).key : undefined;
  tell('ready', { id: peer.id, ...(key !== undefined && { key }) });
  const target = targetOf(options);
  if (target) await peer.pair(target);
}

function report(peer: Peer, { peers, stats }: BotOptions, tell: Tell): void {
  peer.on('paired', (pairing) => tell('paired', pairing));
  peer.on('state', (state) => tell('state', { state }));
  peer.on('connection', (connection) => {
    // With a single peer it is clear which one it is.
    const who = peers > 1 ? { peerId: connection.peerId } : {};
    connection.on('open', () => tell('open', who));
    if (stats)
      connection.on('stats', ({ path, protocol, rttMs, bytesSent, bytesReceived }) =>
        tell('stats', {
          ...who,
          path,
          protocol,
          ...(rttMs !== undefined && { rttMs: Number(rttMs.toFixed(1)) }),
          bytesSent,
          bytesReceived,
        }),
      );
    connection.on('message', (data) => tell('message', { ...who, text: shown(data) }));
  });
  peer.on('peer_disconnected', (gone) => tell('peer_disconnected', gone));
  peer.on('error', (error) => tell('error', { code: error.code, message: wordsOf(error) }));
}

/**
 * Answers every client that connects. A connection that fails does not affect the others; a session that the server
 * ended gets a new key.
 */
function serve(peer: Peer, options: BotOptions, tell: Tell, failed: (error: Error) => void): void {
  const { say, echo } = options;
  const refused = ({ code, message }: PairlaneError) => tell('error', { code, message });
  peer.on('connection', (connection) => {
    connection.on('open', () => {
      if (say !== undefined) connection.send(say).catch(refused);
    });
    if (echo)
      connection.on(
        'message',
        createEcho({
          send: (data) => connection.send(data),
          failed: refused,
          overfull: () => connection.close(),
        }),
      );
  });
  let { id } = peer;
  peer.on('signaling', (state, now) => {
    if (state === 'lost') failed(new BotError('ended', 'the server no longer accepts this bot'));
    if (state !== 'online' || now === id) return;
    id = now;
    begin(peer, options, tell).catch(refused);
  });
}

/** Says and echoes messages until everything that is counted has happened. */
function converse(peer: Peer, options: BotOptions, done: () => void, failed: (error: Error) => void): void {
  const { say, echo } = options;
  const wanted = options.count || (say === undefined ? 0 : 1);
  let received = 0;
  let lastSent: Promise<void> = Promise.resolve();
  const send = (data: string | Uint8Array) => {
    lastSent = peer.send(data);
    lastSent.catch(failed);
    return lastSent;
  };
  const sendBack = createEcho({ send, failed, overfull: () => peer.unpair() });
  peer.on('open', () => {
    if (say !== undefined) send(say);
  });
  peer.on('message', (data) => {
    received += 1;
    if (echo) sendBack(data);
    if (received === wanted) {
      // The bot that has said everything leaves first: what was sent last has arrived by then.
      if (say !== undefined) done();
      else {
        const parting = setTimeout(done, PARTING_MS);
        peer.once('peer_disconnected', () => {
          clearTimeout(parting);
          done();
        });
      }
    } else if (say !== undefined && received < wanted) send(say);
  });
  peer.on('peer_disconnected', () => {
    if (received < wanted && (say !== undefined || targetOf(options))) {
      failed(new BotError('peer_gone', `the peer left after ${received} of ${wanted} messages`));
    }
  });
}

/** Fails when it takes too long, and says what is missing. */
function watchTime(options: BotOptions, peer: Peer, failed: (error: Error) => void): () => void {
  const isBounded = options.say !== undefined || Boolean(options.count);
  if (options.forever || options.timeout === 0 || (!isBounded && !targetOf(options))) return () => {};
  const deadline = setTimeout(() => {
    const missing = peer.isOpen ? 'not everything was answered' : `no open channel (${peer.state})`;
    failed(new BotError('timeout', `${missing} within ${options.timeout} s`));
  }, options.timeout * 1000);
  const stop = () => clearTimeout(deadline);
  if (!isBounded) peer.once('open', stop);
  return stop;
}
