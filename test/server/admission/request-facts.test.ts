/** What is known of a request before its route. */
import { describe, expect, it } from '@jest/globals';
import { httpRules } from '../../../src/server/admission/http-rules.ts';
import { Origins } from '../../../src/server/admission/origins.ts';
import {
  isCrossOrigin,
  isCrossSite,
  isForwarded,
  isLocal,
  readHeaders,
  upgradeRequestOf,
} from '../../../src/server/admission/request-facts.ts';
import { MAX_HEADER_BYTES } from '../../../src/server/http/shell/shell.ts';
import { defaultServerOptions } from '../../../src/server/options.ts';

type Headers = Readonly<Record<string, string>>;

const requestOf = (lines: readonly (readonly [string, string])[], url = '/', query = '') =>
  ({
    forEach: (tell: (name: string, value: string) => void) => {
      for (const [name, value] of lines) tell(name, value);
    },
    getUrl: () => url,
    getQuery: () => query,
  }) as never;
const factsOf = (headers: Headers, remote = '127.0.0.1', proxied = '') => ({
  remote,
  proxied,
  headers: new Map(Object.entries(headers)),
  headerBytes: 0,
});

describe('the headers of a request', () => {
  it('are counted as they are sent, with colon, space and line end, and those of one name are one list', () => {
    const request = requestOf([
      ['host', 'x'],
      ['via', 'a'],
      ['via', 'bc'],
    ]);
    expect(readHeaders(request)).toEqual({
      headers: new Map([
        ['host', 'x'],
        ['via', 'a, bc'],
      ]),
      headerBytes: 'host: x\r\nvia: a\r\nvia: bc\r\n'.length,
    });
  });

  it('may have 16 KiB, and a request with more is answered 431 and told of', () => {
    const refused: unknown[][] = [];
    const rules = httpRules({
      options: defaultServerOptions,
      admission: { origins: new Origins(defaultServerOptions) },
      telemetry: {
        metrics: { refused: { add: (kind: string) => refused.push([kind]) } },
        refusals: { warn: (...told: unknown[]) => refused.push(told) },
      },
    } as never);
    const none = new ArrayBuffer(0);
    const res = { getRemoteAddress: () => none, getProxiedRemoteAddress: () => none } as never;
    const withBytes = (bytes: number) =>
      requestOf([
        ['host', 'localhost'],
        ['cookie', 'x'.repeat(bytes - 'host: localhost\r\ncookie: \r\n'.length)],
      ]);
    expect(rules.refusalOf(res, withBytes(MAX_HEADER_BYTES), false)).toBeUndefined();
    expect(refused).toEqual([]);
    expect(rules.refusalOf(res, withBytes(MAX_HEADER_BYTES + 1), false)?.status).toMatch(/^431 /);
    expect(refused).toEqual([['headers'], ['headers', '', expect.stringContaining('16384 bytes')]]);
    refused.length = 0;
    const host = `${'x'.repeat(300)}.example`;
    expect(rules.refusalOf(res, requestOf([['host', host]]), false)?.status).toMatch(/^403 /);
    expect(refused[1]?.[2]).toContain(`the host "${'x'.repeat(200)}";`);
  });

  it('and its URL go to a decider, without the parameter that is a secret', () => {
    const request = requestOf([['host', 'x']], '/a', 'token=s&id=1');
    const headers = new Map([['host', 'x']]);
    expect(upgradeRequestOf(request)).toEqual({ url: '/a?token=s&id=1', headers });
    expect(upgradeRequestOf(request, 'token')).toEqual({ url: '/a?id=1', headers });
    expect(upgradeRequestOf(requestOf([], '/a', 'token=s'), 'token').url).toBe('/a');
  });
});

describe('a request', () => {
  it.each<[boolean, Headers, string?, string?]>([
    [true, { host: 'localhost:80' }],
    [true, { host: '127.0.0.1' }, '::1'],
    [true, { host: '[::1]:80', origin: 'http://[::1]:80' }, '127.0.0.9'],
    [false, { host: 'localhost' }, '192.0.2.1'],
    [false, { host: 'localhost' }, ''],
    [false, { host: 'localhost' }, '127.0.0.1', '192.0.2.1'],
    [false, { host: 'localhost', 'x-forwarded-for': '::1' }],
    [false, { host: 'localhost', via: '1.1 x' }],
    [false, { host: 'pair.example' }],
    [false, {}],
    [false, { host: 'localhost', origin: 'http://other.example' }],
  ])('is of this machine (%s) with %j', (isIt, headers, remote = '127.0.0.1', proxied = '') => {
    expect(isLocal(factsOf(headers, remote, proxied))).toBe(isIt);
  });

  it.each<[boolean, Headers]>([
    [true, { 'x-forwarded-proto': 'https' }],
    [true, { 'cf-ray': '1' }],
    [false, { host: 'x', 'x-custom': 'via' }],
  ])('came through a proxy (%s) with %j', (isIt, headers) => {
    expect(isForwarded(factsOf(headers))).toBe(isIt);
  });

  it.each<[boolean, Headers]>([
    [false, { host: 'a.example' }],
    [false, { host: 'a.example', origin: 'https://a.example' }],
    [false, { host: 'a.example:81', origin: 'http://a.example:81' }],
    [true, { host: 'a.example', origin: 'https://b.example' }],
    [true, { host: 'a.example', origin: 'null' }],
    [true, { origin: 'https://a.example' }],
  ])('is by a page of another origin (%s) with %j', (isIt, headers) => {
    expect(isCrossOrigin(factsOf(headers))).toBe(isIt);
  });

  it.each([
    [false, undefined],
    [false, 'same-origin'],
    [false, 'none'],
    [true, 'same-site'],
    [true, 'cross-site'],
  ])('is by another site (%s) with Sec-Fetch-Site %s', (isIt, site) => {
    expect(isCrossSite(factsOf(site === undefined ? {} : { 'sec-fetch-site': site }))).toBe(isIt);
  });
});
