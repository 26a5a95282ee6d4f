/** Where a token may stand in a request, and where not. */
import { describe, expect, it } from '@jest/globals';
import {
  hasTokenInUrl,
  readOffered,
  withoutParameter,
} from '../../../../src/server/admission/tokens/offered-token.ts';

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln';

describe('a URL has a token', () => {
  it.each([
    [`a=${JWT}`, false, undefined, true],
    [JWT, false, undefined, true],
    [`a=${JWT.replace('.', '%2E')}`, false, undefined, true],
    [`a=%&b=${JWT}`, false, undefined, true],
    [`a=x${JWT}`, false, undefined, false],
    ['access_token=x', true, undefined, true],
    ['a=1&JWT=x', true, undefined, true],
    ['access_token=x', false, undefined, false],
    ['my_token=x', true, undefined, false],
    [`token=${JWT}`, true, 'token', false],
    [`token=${JWT}&a=${JWT}`, true, 'token', true],
    [`token=x&jwt=x`, true, 'token', true],
    ['', true, undefined, false],
  ])('%s (where tokens are asked for: %s; in %s it may): %s', (query, asks, exempt, has) => {
    expect(hasTokenInUrl(query, asks, exempt)).toBe(has);
  });

  it('is shown without it', () => {
    expect(withoutParameter('a=1&token=x&b=2&token=y', 'token')).toBe('a=1&b=2');
  });
});

describe('a token is offered', () => {
  it.each([
    ['', '', { token: undefined, subprotocol: '' }],
    ['', 'a, b', { token: undefined, subprotocol: 'a, b' }],
    ['Bearer x.y.z', 'pairlane', { token: 'x.y.z', subprotocol: 'pairlane' }],
    ['bearer  x ', '', { token: 'x', subprotocol: '' }],
    ['Basic x', '', { token: undefined, subprotocol: '' }],
    ['', 'pairlane, pairlane.token.x', { token: 'x', subprotocol: 'pairlane' }],
    ['Bearer y', 'pairlane.token.x,pairlane', { token: 'y', subprotocol: 'pairlane' }],
    ['', 'pairlane.token.x', undefined],
    ['', 'pairlane, pairlane.token.x, pairlane.token.y', undefined],
  ])('by Authorization "%s" and Sec-WebSocket-Protocol "%s": %j', (authorization, subprotocols, offered) => {
    expect(readOffered(authorization, subprotocols)).toEqual(offered);
  });
});
