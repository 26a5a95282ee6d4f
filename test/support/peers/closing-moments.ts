/** Shared by the tests of closed peers: closed at any moment of its handshake, a peer lets its process end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { startSilentServer } from '../servers/silent-server.ts';
import { startTestServer } from '../servers/test-server.ts';

const run = promisify(execFile);
const silentPort = await startSilentServer();

/** TEST-NET-1 (RFC 5737): nobody is there. */
const iceServers: readonly (readonly [string, readonly object[]])[] = [
  ['without ICE servers', []],
  ['with a STUN server that does not answer', [{ urls: 'stun:192.0.2.99:3478' }]],
  ['with a STUN server whose name does not resolve', [{ urls: 'stun:stun.invalid:3478' }]],
  [
    'with a TURN server that does not answer',
    [{ urls: 'turn:192.0.2.99:3478', username: 'user', credential: 'pass' }],
  ],
  [
    'with a TURN server that is reached over TCP only, and silent',
    [
      {
        urls: `turn:127.0.0.1:${silentPort}`,
        username: 'u',
        credential: 'p',
      },
    ],
  ],
];

/**
 * Tests that peers closed at the given moments let their process end.
 * @param moments milliseconds after the pairing, or the name of a state
 */
export function testClosingAt(moments: readonly (string | number)[]): void {
  describe(`a peer that is closed at ${moments.join(', ')}`, () => {
    it.each(iceServers)(
      'leaves no timer and no socket, and its process ends by itself (%s)',
      async (_, servers) => {
        const { server } = await startTestServer();
        const file = 'test/support/peers/close-at.ts';
        const args = [
          'node_modules/tsx/dist/cli.mjs',
          file,
          server.url,
          JSON.stringify(servers),
          moments.join(),
        ];
        const { stdout } = await run(process.execPath, args).catch(
          (error: { stdout: string; stderr: string }) => ({ stdout: error.stdout + error.stderr }),
        );
        expect(stdout).toBe('closed\n');
      },
    );
  });
}
