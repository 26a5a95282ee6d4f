/** Ports over real sockets, with both shells: which app gets a connection, and when none does. */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import { connect, createServer, type NetConnectOpts, type Socket } from 'node:net';
import { devNull, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ListenAddress } from '../../../src/common/listen-address.ts';
import { freePort } from '../../../src/server/http/bind.ts';
import { descriptorLimit } from '../../../src/server/http/descriptors.ts';
import { type Listener, openListener } from '../../../src/server/http/listener.ts';
import type { App, Shell } from '../../../src/server/http/shell/shell.ts';
import { createUwsShell } from '../../../src/server/http/shell/uws.ts';
import { createWsShell } from '../../../src/server/http/shell/ws/ws-shell.ts';
import { until } from '../../support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'pairlane-listener-'));
afterAll(() => rmSync(folder, { recursive: true }));

let paths = 0;
/** Of a Unix socket; each time another one. */
const freePath = () => {
  paths += 1;
  return join(folder, `${paths}.sock`);
};

const LOCAL: ListenAddress = { kind: 'tcp', host: '127.0.0.1' };
const CHECK_INTERVAL_MS = 1_000;
const SHELLS: [string, () => Shell, number][] = [
  ['uWebSockets.js', createUwsShell, 8],
  ['ws', createWsShell, 1],
];

/** The checks for descriptors: they run when the test says so. */
const checks = new Map<unknown, () => void>();
const check = () => {
  for (const each of [...checks.values()]) each();
};
const apps: App[] = [];
const listeners: Listener[] = [];

beforeEach(() => {
  const { setInterval, clearInterval } = globalThis;
  jest.spyOn(globalThis, 'setInterval').mockImplementation(((call: () => void, ms: number) => {
    if (ms !== CHECK_INTERVAL_MS) return setInterval(call, ms);
    const timer = {};
    checks.set(timer, call);
    return timer;
  }) as never);
  jest.spyOn(globalThis, 'clearInterval').mockImplementation(((timer: NodeJS.Timeout) => {
    if (!checks.delete(timer)) clearInterval(timer);
  }) as never);
});

afterEach(() => {
  for (const listener of listeners.splice(0)) listener.close();
  for (const app of apps.splice(0)) app.close();
  jest.restoreAllMocks();
  expect(checks.size).toBe(0);
});

/** An app that answers every request with its name. */
function appNamed(name: string, createShell: () => Shell): App {
  const app = createShell().createApp({});
  app.any('/*', (res) => {
    res.end(name);
  });
  apps.push(app);
  return app;
}

async function listen(app: App, addresses: readonly ListenAddress[] = [LOCAL], port = 0) {
  const changes: boolean[] = [];
  const listener = await openListener(app, { addresses, port, changed: (isOpen) => changes.push(isOpen) });
  listeners.push(listener);
  return { listener, changes, port: listener.port };
}

async function ask(socket: Socket): Promise<string> {
  socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [data] = await once(socket, 'data');
  return String(data).split('\r\n\r\n')[1]?.replace(/\W.*/s, '') ?? '';
}

/** The name of the app that takes a new connection, or why none does. */
async function taker(where: NetConnectOpts): Promise<string> {
  const socket = connect(where);
  try {
    return await ask(socket);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  } finally {
    socket.destroy();
  }
}

/** Of so many connections, none goes to the wrong one of two apps by luck. */
async function takers(port: number): Promise<string[]> {
  const all = await Promise.all(Array.from({ length: 24 }, () => taker({ port, host: '127.0.0.1' })));
  return [...new Set(all)];
}

/** How many sockets of this machine listen on a port of 127.0.0.1, as the kernel says. */
function listeningOn(port: number): number {
  const at = `0100007F:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((row) => row.trim().split(/\s+/));
  return rows.filter(([, local, , state]) => local === at && state === '0A').length;
}

/** Calls it while this process can open so many files more. */
function withDescriptors(left: number, call: () => void): void {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync(devNull, 'r'));
  } catch {
    for (const descriptor of taken.splice(0, left)) closeSync(descriptor);
    call();
  } finally {
    for (const descriptor of taken) closeSync(descriptor);
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe.each(SHELLS)('a port with %s', (_shell, createShell, socketsPerPort) => {
  it('that the system chooses is one port, like one that was asked for, with as many sockets', async () => {
    const chosen = await listen(appNamed('chosen', createShell));
    expect(chosen.port).toBeGreaterThan(1_023);
    const asked = await listen(appNamed('asked', createShell), [LOCAL], await freePort('127.0.0.1'));
    expect(asked.port).not.toBe(chosen.port);
    for (const { port } of [chosen, asked]) expect(listeningOn(port)).toBe(socketsPerPort);
    expect(await takers(chosen.port)).toEqual(['chosen']);
    expect(await takers(asked.port)).toEqual(['asked']);
  });

  it('goes over to another app whole; what was connected stays with the first', async () => {
    const old = appNamed('old', createShell);
    let opened = 0;
    const count = (_res: unknown, change: number) => {
      opened += change;
    };
    old.filter(count);
    const { listener, port, changes } = await listen(old);
    const [early, silent] = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
    // One that the app does not know yet would be lost.
    await until(() => opened === 2);
    await listener.moveTo(appNamed('new', createShell));
    expect(await takers(port)).toEqual(['new']);
    expect(listeningOn(port)).toBe(socketsPerPort);
    expect(await ask(early)).toBe('old');
    listener.close();
    expect(await takers(port)).toEqual(['ECONNREFUSED']);
    expect(await ask(silent)).toBe('old');
    for (const socket of [early, silent]) socket.destroy();
    expect(changes).toEqual([]);
    expect(await takers((await listen(appNamed('next', createShell), [LOCAL], port)).port)).toEqual(['next']);
  });

  it('that is closed while it goes over is closed with both', async () => {
    const { listener, port } = await listen(appNamed('old', createShell));
    const moving = listener.moveTo(appNamed('new', createShell));
    listener.close();
    await moving;
    expect(await takers(port)).toEqual(['ECONNREFUSED']);
  });

  it('that an app cannot have stays with the one before, in full', async () => {
    const { listener, port } = await listen(appNamed('old', createShell));
    const unable = { ...appNamed('unable', createShell), listenOn: async () => undefined } as App;
    await expect(listener.moveTo(unable)).rejects.toThrow(`Cannot listen on 127.0.0.1:${port} a second time`);
    expect(await takers(port)).toEqual(['old']);
    expect(listeningOn(port)).toBe(socketsPerPort);
  });

  it('of another Pairlane is refused, though the system would share it', async () => {
    const { port } = await listen(appNamed('first', createShell));
    await expect(listen(appNamed('late', createShell), [LOCAL], port)).rejects.toThrow('the port is taken');
    expect(await takers(port)).toEqual(['first']);
  });

  it('of another server is refused with the way out, and the other one is left alone', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const probed = once(other, 'connection') as Promise<[Socket]>;
    await expect(listen(appNamed('late', createShell), [LOCAL], port)).rejects.toThrow(
      `Cannot listen on 127.0.0.1:${port}: the port is taken. Choose another with --port; --port 0 takes a free one`,
    );
    const [probe] = await probed;
    if (!probe.resume().closed) await once(probe, 'close');
    other.close();
  });

  it('is none at a Unix socket, which whoever the umask lets may use', async () => {
    const path = freePath();
    const app = appNamed('here', createShell);
    const socket = await app.listenOn({ kind: 'unix', path }, 0);
    expect([socket?.port, await taker({ path })]).toEqual([0, 'here']);
    expect(statSync(path).mode & 0o777).toBe(0o777 & ~process.umask());
    socket?.close();
  });

  it('at a Unix socket replaces what a killed server left, and is gone once closed', async () => {
    const path = freePath();
    const killed = createServer().listen(`${path}-killed`);
    await once(killed, 'listening');
    linkSync(`${path}-killed`, path);
    killed.close();
    expect(lstatSync(path).isSocket()).toBe(true);
    const { listener, port } = await listen(appNamed('here', createShell), [{ kind: 'unix', path }]);
    expect([port, await taker({ path })]).toEqual([0, 'here']);
    listener.close();
    expect(existsSync(path)).toBe(false);
  });
});

it('a Unix socket whose path somebody else took meanwhile stays theirs, with uWebSockets.js', async () => {
  const path = freePath();
  const { listener } = await listen(appNamed('here', createUwsShell), [{ kind: 'unix', path }]);
  unlinkSync(path);
  const next = createServer().listen(path);
  await once(next, 'listening');
  listener.close();
  expect(existsSync(path)).toBe(true);
  next.close();
});

describe.each(SHELLS)('without descriptors, with %s', (_shell, createShell, socketsPerPort) => {
  const limit = descriptorLimit() ?? 1_000_000;
  const allow = (soft: number) => execFileSync('prlimit', ['--pid', `${process.pid}`, `--nofile=${soft}:`]);
  beforeEach(() => {
    allow(Math.min(limit, 1_024));
  });
  afterEach(() => {
    allow(limit);
  });

  /** A port that was closed for lack of descriptors. */
  async function closedPort() {
    const opened = await listen(appNamed('old', createShell));
    withDescriptors(3, check);
    return opened;
  }

  it('a port is closed when 3 are left, and the same one opened when 16 are', async () => {
    const { port, changes } = await listen(appNamed('old', createShell));
    withDescriptors(4, check);
    expect([changes, listeningOn(port)]).toEqual([[], socketsPerPort]);
    withDescriptors(3, check);
    await turn();
    expect([changes, await takers(port)]).toEqual([[false], ['ECONNREFUSED']]);
    withDescriptors(15, check);
    await turn();
    expect([changes, await takers(port)]).toEqual([[false], ['ECONNREFUSED']]);
    withDescriptors(16, check);
    await turn();
    expect([changes, await takers(port)]).toEqual([[false, true], ['old']]);
    check();
    await turn();
    expect([changes, listeningOn(port)]).toEqual([[false, true], socketsPerPort]);
  });

  it('a certificate that comes meanwhile is that of the port when it opens', async () => {
    const { listener, port, changes } = await closedPort();
    await listener.moveTo(appNamed('new', createShell));
    expect([changes, await takers(port)]).toEqual([[false], ['ECONNREFUSED']]);
    check();
    await turn();
    expect([changes, await takers(port)]).toEqual([[false, true], ['new']]);
  });

  it('a port that somebody else has meanwhile is tried again at the next check', async () => {
    const app = appNamed('old', createShell);
    const { listener, port, changes } = await listen(app);
    const { listenOn } = app;
    // It cannot go over either, and what could not be had is not asked again.
    const unable = { ...appNamed('unable', createShell), listenOn: async () => undefined } as App;
    await expect(listener.moveTo(unable)).rejects.toThrow('a second time');
    withDescriptors(3, check);
    app.listenOn = async () => undefined;
    check();
    await turn();
    expect([changes, await takers(port)]).toEqual([[false], ['ECONNREFUSED']]);
    app.listenOn = listenOn;
    check();
    await turn();
    expect([changes, await takers(port)]).toEqual([[false, true], ['old']]);
  });

  it('a server that stops while its port opens again leaves none open', async () => {
    const { listener, port, changes } = await closedPort();
    check();
    listener.close();
    await turn();
    expect([changes, await takers(port)]).toEqual([[false], ['ECONNREFUSED']]);
  });
});

describe('--port 0 with uWebSockets.js', () => {
  /** @param taken how often another program takes the chosen port in the moment in which it is free */
  async function choose(taken: number) {
    const app = appNamed('here', createUwsShell) as App & { listen: (...given: unknown[]) => void };
    const listen = app.listen.bind(app);
    const asked: number[] = [];
    app.listen = (host, port, options, listening) => {
      asked.push(port as number);
      const tries = asked.filter((each) => each === 0).length;
      if (port === 0 || tries > taken) listen(host, port, options, listening);
      else (listening as (socket: false) => void)(false);
    };
    const socket = await app.listenOn(LOCAL, 0);
    return { socket, tries: asked.filter((port) => port === 0).length };
  }

  it('asks for another port when the chosen one is taken at once, 5 times in all', async () => {
    const late = await choose(4);
    expect([late.tries, await takers(late.socket?.port ?? 0)]).toEqual([5, ['here']]);
    late.socket?.close();
    expect(await choose(5)).toEqual({ socket: undefined, tries: 5 });
  });
});

it('a port that is chosen for several workers is free, and another one each time', async () => {
  const [first, second] = [await freePort('127.0.0.1'), await freePort('127.0.0.1')];
  expect(first).not.toBe(second);
  for (const port of [first, second]) expect(await takers(port)).toEqual(['ECONNREFUSED']);
});
