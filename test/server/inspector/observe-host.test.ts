import { describe, expect, it } from '@jest/globals';
import type { Observer } from '../../../src/machines/index.ts';
import { observeHost } from '../../../src/server/inspector/observe-host.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

describe("listening to a host's steps", () => {
  it('reaches every listener, and takes the observer off when the last one left', () => {
    const host: { observer: Observer<unknown> | undefined } = { observer: undefined };
    const heard: string[] = [];
    const stopOne = observeHost(host, () => heard.push('one'));
    const stopTwo = observeHost(host, () => heard.push('two'));
    host.observer?.({} as never);
    stopOne();
    host.observer?.({} as never);
    expect(heard).toEqual(['one', 'two', 'two']);
    stopTwo();
    expect(host.observer).toBeUndefined();
  });

  it('leaves an observer that was there before in its place', () => {
    const heard: string[] = [];
    const host = { observer: (() => heard.push('base')) as Observer<unknown> | undefined };
    const base = host.observer;
    const stop = observeHost(host, () => heard.push('tap'));
    host.observer?.({} as never);
    stop();
    stop();
    expect(heard).toEqual(['base', 'tap']);
    expect(host.observer).toBe(base);
  });

  it('is done by nobody on a server that nobody may look into', async () => {
    const { SignalingServer } = await import('../../../src/server/index.ts');
    const server = await new SignalingServer({ port: 0, logLevel: 'silent', inspect: false }).start();
    expect(server.parts.sessionHost.observer).toBeUndefined();
    expect(server.parts.pairingHost.observer).toBeUndefined();
    await server.stop();
    expect((await startTestServer()).server.parts.sessionHost.observer).toBeDefined();
  });
});
