/** `pairlane relay`: a server of the relay network as a program. */
import { parseAddress } from '../../common/address.ts';
import { CommandError, defineCommand } from '../../common/command.ts';
import { OptionError } from '../../common/options.ts';
import { untilStopped } from '../../common/stop-signal.ts';
import {
  MAX_INFO_BYTES,
  MAX_NAME_BYTES,
  MAX_RELAY_ID,
  MIN_RELAY_ID,
} from '../../protocol/relay-chat/index.ts';
import type { RelayHttp } from './relay-http.ts';
import { DEFAULT_MAX_UNSENT_BYTES } from './relay-socket.ts';

export const relayCommand = defineCommand({
  name: 'relay',
  about: 'Start a server of the relay network.',
  details:
    'Start a server of the relay network (relay-chat protocol, over TCP). The first server of a network connects to\n' +
    'no other, each further one to one that runs. Clients: pairlane relay-chat. With --http-port, GET /api/relay\n' +
    'returns what the server knows about the network, and /inspect/ draws it. Ctrl+C and SIGTERM end the server, and\n' +
    'hand its children over to its parent.',
  examples: [
    ['pairlane relay --id 1 --name first --port 4000', 'the first server of a network'],
    ['pairlane relay --id 2 --name second --port 4001 --connect 127.0.0.1:4000', 'the second one'],
  ],
  options: {
    id: {
      kind: 'integer',
      min: MIN_RELAY_ID,
      max: MAX_RELAY_ID,
      help: 'The id of this server, unique among all servers and clients of the network. Required.',
    },
    name: { kind: 'text', value: 'NAME', help: 'The name of this server. Required.' },
    info: { kind: 'text', value: 'TEXT', default: '', help: 'What this server is, for people.' },
    port: {
      kind: 'integer',
      min: 0,
      max: 65_535,
      help: 'TCP port to listen on; 0 takes a free one. Required.',
    },
    host: {
      kind: 'text',
      value: 'HOST',
      default: '127.0.0.1',
      help: 'Address to listen on; 0.0.0.0 or :: for all.',
    },
    connect: {
      kind: 'text',
      value: 'HOST:PORT',
      help: 'The server to connect to; without it, this is the first of its network.',
    },
    httpPort: {
      kind: 'integer',
      min: 0,
      max: 65_535,
      help: 'Port for GET /api/relay and /inspect/; 0 takes a free one. No HTTP by default.',
    },
    inspect: {
      kind: 'switch',
      default: true,
      help: 'Serve the inspector at /inspect/, to this machine only unless --inspect-token is set.',
    },
    inspectToken: {
      kind: 'text',
      value: 'TOKEN',
      isSecret: true,
      help: 'Open the inspector to everyone who knows this token.',
    },
    maxUnsentBytes: {
      kind: 'integer',
      min: 1_024,
      max: 1_073_741_824,
      default: DEFAULT_MAX_UNSENT_BYTES,
      help: 'A link on which more bytes than this wait unread is closed.',
    },
    maxLinks: {
      kind: 'integer',
      min: 1,
      max: 1_000_000,
      default: 20_000,
      zero: 'no limit',
      help: 'The largest number of links; more are refused.',
    },
    logLevel: {
      kind: 'choice',
      choices: ['debug', 'info', 'warn', 'error', 'silent'],
      default: 'info',
      help: 'Lowest severity that is logged.',
    },
    logFormat: {
      kind: 'choice',
      choices: ['auto', 'json', 'pretty'],
      default: 'auto',
      help: 'Auto is pretty on a terminal and JSON elsewhere.',
    },
  },
  async run(options) {
    const { id, name, info, port, host, httpPort, maxUnsentBytes, maxLinks } = options;
    const { inspect, inspectToken } = options;
    const parent = options.connect === undefined ? undefined : parseAddress(options.connect);
    const problems = [
      ...(['id', 'name', 'port'] as const)
        .filter((key) => options[key] === undefined)
        .map((key) => `--${key}: is missing`),
      ...(Buffer.byteLength(name ?? '') > MAX_NAME_BYTES
        ? [`--name: should be at most ${MAX_NAME_BYTES} bytes long`]
        : []),
      ...(Buffer.byteLength(info) > MAX_INFO_BYTES
        ? [`--info: should be at most ${MAX_INFO_BYTES} bytes long`]
        : []),
      ...(options.connect !== undefined && !parent
        ? ['--connect: should be HOST:PORT, like 127.0.0.1:9000 or [::1]:9000']
        : []),
    ];
    if (problems.length > 0 || id === undefined || name === undefined || port === undefined)
      throw new OptionError(problems);
    const { createLogger } = await import('../telemetry/logger.ts');
    const { serveRelayHttp } = await import('./relay-http.ts');
    const { RelayServer } = await import('./relay-server.ts');
    const log = createLogger(options.logLevel, options.logFormat);
    const server = new RelayServer({ id, name, info, host, port, parent, log, maxUnsentBytes, maxLinks });
    const listeningOn = await server.start().catch((error: Error) => {
      throw new CommandError(
        `Cannot listen on ${host}:${port}: ${error.message}. Choose another --port or --host`,
      );
    });
    let http: RelayHttp | undefined;
    try {
      http =
        httpPort === undefined
          ? undefined
          : await serveRelayHttp(server, { host, port: httpPort, inspect, inspectToken, log });
    } catch (error) {
      await server.kill();
      throw new CommandError((error as Error).message);
    }
    const stopped = untilStopped();
    log.info(
      { event: 'relay_starting' },
      `Relay ${id} listens on ${host}:${listeningOn}${http ? `, HTTP on ${host}:${http.port}` : ''}`,
    );
    await stopped;
    log.info({ event: 'relay_stopping' }, `Relay ${id} quits`);
    await http?.close();
    await server.stop();
    return 0;
  },
});
