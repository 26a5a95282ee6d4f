/** The module that browsers load: what it weighs, what is in it, and how one gets it. */
import { readFileSync } from 'node:fs';
import { SourceTextModule } from 'node:vm';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { httpUrl } from '../../support/peers/browser.ts';
import { runNode } from '../../support/servers/cli-process.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

const MAX_GZIPPED_BYTES = 49_000;

const bundle = readFileSync('dist/browser/pairlane.js', 'utf8');

/** As a server or proxy sends it; raw it is twice as much. */
const MAX_GZIPPED_WATCH_BYTES = 3_200;
const watch = readFileSync('dist/browser/pairlane-watch.js', 'utf8');

describe('the module for connections of others', () => {
  it('is under 3.2 KB gzipped, one module that imports nothing', () => {
    expect(gzipSync(watch).length).toBeLessThan(MAX_GZIPPED_WATCH_BYTES);
    expect(new SourceTextModule(watch).dependencySpecifiers).toEqual([]);
    expect(watch.match(/\bimport\s*\(|\brequire\s*\(/g)).toBeNull();
  });

  it('is served at /pairlane-watch.js, also to other origins that may connect, and its types stand where the package says', async () => {
    const { server } = await startTestServer({ allowOrigin: ['https://app.example'] });
    const response = await fetch(`${httpUrl(server)}pairlane-watch.js`, {
      headers: { origin: 'https://app.example' },
    });
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
    expect(await response.text()).toBe(watch);
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(readFileSync(exports['./watch'].default, 'utf8')).toBe(watch);
    expect(readFileSync(exports['./watch'].types, 'utf8')).toContain('function watchConnection');
  });
});

describe('the browser client', () => {
  it('is under 49 KB gzipped', () => {
    expect(gzipSync(bundle).length).toBeLessThan(MAX_GZIPPED_BYTES);
  });

  it('is one module that imports nothing', () => {
    expect(new SourceTextModule(bundle).dependencySpecifiers).toEqual([]);
    expect(bundle.match(/\bimport\s*\(|\brequire\s*\(/g)).toBeNull();
  });

  it('contains nothing of Node, nor of the server', () => {
    const foreign = /\bnode:|\bprocess\.|\bBuffer\.|__dirname|setImmediate|werift|uWebSockets/g;
    expect(bundle.match(foreign)).toBeNull();
  });

  it.each(['pairlane.js', 'pairlane-watch.js', 'webrtc-manager.js'])(
    '%s can be imported where there is no browser, as by a framework that renders pages on a server',
    async (file) => {
      const code = `delete globalThis.navigator; console.log(Object.keys(await import('./dist/browser/${file}')).length > 0)`;
      const run = runNode(['--input-type=module', '--eval', code]);
      expect(await run.exited()).toBe(0);
      expect(run.stdout).toBe('true\n');
    },
  );

  it('is served at /pairlane.js, and its types stand where the package says', async () => {
    const { server } = await startTestServer();
    const response = await fetch(`${httpUrl(server)}pairlane.js`);
    expect(response.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
    expect(await response.text()).toBe(bundle);
    const { exports } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(readFileSync(exports['./browser'].default, 'utf8')).toBe(bundle);
    expect(readFileSync(exports['./browser'].types, 'utf8')).toContain('export declare function createPeer');
  });
});
