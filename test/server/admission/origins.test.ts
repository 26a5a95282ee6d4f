import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { isAllowedOrigin } from '../../../src/server/admission/allowed-origins.ts';
import { startTestServer } from '../../support/servers/test-server.ts';

describe('a page may connect', () => {
  it.each([
    ['when it is no page but a program', '', true],
    ['of the server itself', 'https://signal.example', true],
    ['of the server itself, at another port', 'https://signal.example:444', false],
    ['of this machine', 'http://localhost:3000', true],
    ['of this machine by its address', 'http://127.0.0.1:8080', true],
    ['of this machine by its IPv6 address', 'http://[::1]', true],
    ['of an origin that is listed', 'https://game.example', true],
    ['of an origin that only begins like one', 'https://game.example.evil.example', false],
    ['of a foreign origin', 'https://evil.example', false],
    ['whose origin is opaque', 'null', false],
    ['that is a file', 'file://', false],
  ])('%s: %s -> %s', (_name, origin, isAllowed) => {
    expect(isAllowedOrigin(origin, 'signal.example:443', ['https://game.example'])).toBe(isAllowed);
  });

  it('of any origin with *', () => {
    expect(isAllowedOrigin('https://evil.example', 'signal.example', ['*'])).toBe(true);
  });

  it('and is refused with 403 else, and the log says how to allow it', async () => {
    const { server, log } = await startTestServer();
    const socket = new WebSocket(server.url, { origin: 'https://evil.example' });
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(403);
    expect(log.map((line) => line.msg)).toContain(
      'Refused a page of origin "https://evil.example"; --allow-origin "https://evil.example" allows it',
    );
    expect(server.parts.metrics.refused.get('origin')).toBe(1);
  });
});
