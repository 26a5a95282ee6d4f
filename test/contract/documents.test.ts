/** The contract that we publish is valid by the tools of others, and says what the server really checks. */
import { createRequire } from 'node:module';
import { describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { asyncApi } from '../../src/contract/asyncapi.ts';
import { documentNames, documentOf } from '../../src/contract/documents.ts';
import { jsonSchemas } from '../../src/contract/json-schemas.ts';
import { openApi } from '../../src/contract/openapi.ts';
import { type AdminOperationShape, adminOperations } from '../../src/protocol/admin/admin-operations.ts';
import { clientSchemas, serverSchemas } from '../../src/protocol/index.ts';
import { decode } from '../../src/server/dialects/native/decode-client-message.ts';
import fc from '../support/fast-check.ts';
import { Run } from '../support/servers/cli-process.ts';
import { startTestServer } from '../support/servers/test-server.ts';

const require = createRequire(import.meta.url);
const ajv = () =>
  new Ajv2020({
    strict: true,
    strictRequired: false,
    strictTuples: false,
    allowMatchingProperties: true,
    schemas: Object.values(jsonSchemas),
  });
const check = (name: string) => {
  const validate = ajv().getSchema(`${name}.json`);
  if (!validate) throw new Error(`ajv does not know ${name}.json`);
  return validate;
};

describe('the JSON Schema documents', () => {
  it.each(Object.keys(jsonSchemas))('%s is valid by the meta-schema of 2020-12, in strict mode', (name) => {
    expect(check(name)).toEqual(expect.any(Function));
  });

  it('take from a client exactly what the server takes', () => {
    const validate = check('client-message');
    const types = [...Object.keys(clientSchemas), 'offers', '__proto__'];
    const value = fc.oneof(
      fc.constantFrom('', 'abc', 'connected', 'x'.repeat(200), 0, 1, -1, 1.5, 86_401, true, null),
      fc.record({ candidate: fc.constantFrom('a', 5), sdpMid: fc.constantFrom('', null, 0) }),
    );
    const fields = [
      'sdp',
      'epoch',
      'candidate',
      'state',
      'target_id',
      'key',
      'ttl_s',
      'uses',
      'received',
      'token',
      'id',
    ];
    const message = fc.record(
      { type: fc.constantFrom(...types), ...Object.fromEntries(fields.map((field) => [field, value])) },
      { requiredKeys: ['type'] },
    );
    let fitting = 0;
    fc.assert(
      fc.property(message, (sent) => {
        const isTaken = 'frame' in decode(Buffer.from(JSON.stringify(sent)));
        if (isTaken) fitting += 1;
        expect(validate(JSON.parse(JSON.stringify(sent)))).toBe(isTaken);
      }),
      { numRuns: 2_000 },
    );
    expect(fitting).toBeGreaterThan(50);
  });

  it('take a numbered frame with its message, and nothing else', () => {
    const validate = check('client-numbered-frame');
    const pong = { type: 'pong' };
    expect(validate([1, 0, pong])).toBe(true);
    for (const wrong of [
      [0, 0, pong],
      [1, -1, pong],
      [1, 0],
      [1, 0, pong, 1],
      [1, 0, { type: 'pongs' }],
      pong,
    ])
      expect([wrong, validate(wrong)]).toEqual([wrong, false]);
  });
});

describe('a server frame of a session that comes back', () => {
  it('fits the document, also a relayed one with the number that its sender gave it', () => {
    const validate = check('server-numbered-frame');
    expect(validate([1, 0, { type: 'paired', peer_id: 'a', initiator: true, epoch: 7 }])).toBe(true);
    expect(validate([2, 2, { type: 'answer', sdp: 'SDP', epoch: 7, from_peer: true }, 1])).toBe(true);
    expect(validate([2, 2, { type: 'answer', sdp: 'SDP', epoch: 7, from_peer: true }, 0])).toBe(false);
  });
});

describe('the AsyncAPI document', () => {
  const document = asyncApi('1.2.3');

  it("is valid by AsyncAPI's own schema of version 3.0.0", () => {
    const official = require('@asyncapi/specs/schemas/3.0.0.json');
    const validator = new Ajv({
      meta: false,
      strict: false,
      logger: false,
      allErrors: true,
      validateFormats: false,
    });
    const isValid = validator.validate(official, document);
    expect(validator.errors ?? []).toEqual([]);
    expect(isValid).toBe(true);
    expect(validator.validate(official, { ...document, channels: { signaling: { address: 5 } } })).toBe(
      false,
    );
  });

  it('has every message of both directions, and each reference leads to one', () => {
    const { messages } = (document.channels as { signaling: { messages: object } }).signaling;
    expect(Object.keys(messages).sort()).toEqual(
      [
        ...Object.keys(clientSchemas).map((type) => `client_${type}`),
        ...Object.keys(serverSchemas).map((type) => `server_${type}`),
      ].sort(),
    );
    for (const { messages: refs } of Object.values(
      document.operations as { [name: string]: { messages: { $ref: string }[] } },
    ))
      for (const { $ref } of refs) expect(Object.keys(messages)).toContain($ref.split('/').at(-1));
  });
});

describe('the OpenAPI document', () => {
  const document = JSON.parse(JSON.stringify(openApi('1.2.3')));

  it('is valid by the official schema of OpenAPI 3.1, as another tool reads it', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
    const broken = structuredClone(document);
    broken.paths['/admin/sessions'].get.responses = 5;
    expect((await new Validator().validate(broken)).valid).toBe(false);
  });

  it('has every operation of the table, each with its parameters and answers', () => {
    for (const [name, { method, path, status, input }] of Object.entries<AdminOperationShape>(
      adminOperations,
    )) {
      const described = document.paths[path][method];
      expect(described.operationId).toBe(name);
      expect(Object.keys(described.responses)).toEqual(
        expect.arrayContaining([String(status), '400', '401', '403']),
      );
      const inBody = Object.keys(described.requestBody?.content['application/json'].schema.properties ?? {});
      const named = described.parameters.map((parameter: { name: string }) => parameter.name);
      expect([...named, ...inBody].sort()).toEqual(Object.keys(input.properties ?? {}).sort());
    }
  });
});

describe('where the contract is to be had', () => {
  it('the server gives every document below /schemas/, also to pages of other origins that may connect', async () => {
    const { server } = await startTestServer({ allowOrigin: ['https://app.example'] });
    const http = server.url.replace('ws', 'http');
    for (const name of documentNames) {
      const response = await fetch(new URL(`/schemas/${name}.json`, http), {
        headers: { origin: 'https://app.example' },
      });
      expect([name, response.status, response.headers.get('content-type')]).toEqual([
        name,
        200,
        'application/json; charset=utf-8',
      ]);
      expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example');
      const { version } = require('../../package.json');
      expect(await response.json()).toEqual(JSON.parse(JSON.stringify(documentOf(name, version))));
    }
  });

  it('`pairlane schema NAME` prints it, and names what there is for a wrong name', async () => {
    const run = new Run(['dist/cli.js', 'schema', 'client-message']);
    expect(await run.exited()).toBe(0);
    expect(JSON.parse(run.stdout)).toEqual(jsonSchemas['client-message']);
    const wrong = new Run(['dist/cli.js', 'schema', 'clients']);
    expect(await wrong.exited()).toBe(2);
    expect(wrong.stderr).toBe(
      `pairlane schema: there is no document 'clients'; there are ${documentNames.join(', ')}\nTry: pairlane schema --help\n`,
    );
  });
});
