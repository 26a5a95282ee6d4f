/**
 * The operations of the admin API: its routes, the checks of requests, and the OpenAPI document are derived from this
 * table. Fields in braces are part of the path, the fields of a body are listed, and all others are part of the query.
 */
import type { Static } from 'typebox';
import { clientSchemas } from '../native/client-messages.ts';
import type { Schema } from '../schema.ts';
import * as resources from './admin-resources.ts';

export const DEFAULT_PAGE_SIZE = 100;
export const MAX_PAGE_SIZE = 500;
/** RFC 6455 section 5.5: a close frame has 125 bytes for its code and reason. */
export const MAX_END_REASON_CHARS = 123;

const { app, sessionId, pairingEpoch, roomName } = resources;
const { ttl_s, uses } = clientSchemas.create_key.properties;

const paging = {
  limit: {
    type: 'integer',
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    description: `The maximum number of items; ${DEFAULT_PAGE_SIZE} by default.`,
  },
  after: { type: 'string', maxLength: 512, description: '`next` of the previous page.' },
} as const;
const ofApp = { ...app, description: 'Only items of this app; empty for the app without a name.' } as const;
const ended = {
  type: 'object',
  required: ['ended'],
  properties: { ended: { const: true } },
} as const;

export type AdminMethod = 'get' | 'post' | 'delete';

export interface AdminOperationShape {
  readonly method: AdminMethod;
  readonly path: string;
  readonly summary: string;
  readonly input: Schema;
  /** Fields of the request's body. */
  readonly body?: readonly string[];
  readonly status: 200 | 201;
  readonly answer: Schema;
  /** In addition to the errors that any operation may answer. */
  readonly errors: readonly AdminErrorCode[];
}

/** HTTP status and message by error code. */
export const adminErrors = {
  invalid_request: { status: 400, message: 'The request is wrong.' },
  unauthorized: { status: 401, message: 'Send the token of --admin-token: Authorization: Bearer TOKEN' },
  forbidden: {
    status: 403,
    message:
      'The admin API is open only to this machine, and not to pages of other sites. Set --admin-token-file to open it to everyone who has the token.',
  },
  not_found: { status: 404, message: 'There is nothing here. /schemas/openapi.json lists all paths.' },
  unknown_session: {
    status: 404,
    message: 'There is no session with that id. GET /admin/sessions lists all.',
  },
  unknown_pairing: {
    status: 404,
    message: 'There is no pairing with that number. GET /admin/pairings lists all.',
  },
  unknown_room: {
    status: 404,
    message: 'There is no room of that name in that app. GET /admin/rooms lists all.',
  },
  method_not_allowed: {
    status: 405,
    message: 'That path does not have this method. /schemas/openapi.json lists those it has.',
  },
  too_many_keys: { status: 409, message: 'The session has as many pairing keys as it can have.' },
  too_large: { status: 413, message: 'The body is larger than 16 KiB.' },
  internal_error: { status: 500, message: 'Something failed inside the server; its log says what.' },
  too_many_requests: { status: 503, message: 'Too many requests wait for other nodes; try again later.' },
  nodes_missing: {
    status: 504,
    message: 'This node does not have it, and not every other node answered in time; try again later.',
  },
} as const;
export type AdminErrorCode = keyof typeof adminErrors;

export const adminOperations = {
  list_sessions: {
    method: 'get',
    path: '/admin/sessions',
    summary: 'The sessions, in the order of their ids.',
    input: { type: 'object', properties: { app: ofApp, ...paging } },
    status: 200,
    answer: resources.pageOf(resources.session),
    errors: [],
  },
  get_session: {
    method: 'get',
    path: '/admin/sessions/{id}',
    summary: 'One session.',
    input: { type: 'object', required: ['id'], properties: { id: sessionId } },
    status: 200,
    answer: resources.session,
    errors: ['unknown_session'],
  },
  end_session: {
    method: 'delete',
    path: '/admin/sessions/{id}',
    summary: 'Ends a session: its client is closed with 1008 and `reason`, and does not reconnect by itself.',
    input: {
      type: 'object',
      required: ['id'],
      properties: {
        id: sessionId,
        reason: {
          type: 'string',
          maxLength: MAX_END_REASON_CHARS,
          description: 'The reason given when the client’s socket is closed: at most 123 bytes.',
        },
      },
    },
    status: 200,
    answer: ended,
    errors: ['unknown_session'],
  },
  create_key: {
    method: 'post',
    path: '/admin/sessions/{id}/keys',
    summary: 'Makes a pairing key with which others can pair with that session.',
    input: { type: 'object', required: ['id'], properties: { id: sessionId, ttl_s, uses } },
    body: ['ttl_s', 'uses'],
    status: 201,
    answer: resources.key,
    errors: ['unknown_session', 'too_many_keys'],
  },
  list_pairings: {
    method: 'get',
    path: '/admin/pairings',
    summary: 'The pairings; those that began at one node are in order, the oldest first.',
    input: { type: 'object', properties: { app: ofApp, ...paging } },
    status: 200,
    answer: resources.pageOf(resources.pairing),
    errors: [],
  },
  get_pairing: {
    method: 'get',
    path: '/admin/pairings/{epoch}',
    summary: 'One pairing.',
    input: { type: 'object', required: ['epoch'], properties: { epoch: pairingEpoch } },
    status: 200,
    answer: resources.pairing,
    errors: ['unknown_pairing'],
  },
  end_pairing: {
    method: 'delete',
    path: '/admin/pairings/{epoch}',
    summary:
      'Ends a pairing: both clients are told (`closed`), and their sessions go on. A client may keep an open peer-to-peer connection.',
    input: { type: 'object', required: ['epoch'], properties: { epoch: pairingEpoch } },
    status: 200,
    answer: ended,
    errors: ['unknown_pairing'],
  },
  list_rooms: {
    method: 'get',
    path: '/admin/rooms',
    summary: 'The rooms, in the order of their apps and names.',
    input: { type: 'object', properties: { app: ofApp, ...paging } },
    status: 200,
    answer: resources.pageOf(resources.room),
    errors: [],
  },
  get_room: {
    method: 'get',
    path: '/admin/rooms/{name}',
    summary: 'One room, with its members.',
    input: { type: 'object', required: ['name'], properties: { name: roomName, app } },
    status: 200,
    answer: resources.roomWithMembers,
    errors: ['unknown_room'],
  },
  end_room: {
    method: 'delete',
    path: '/admin/rooms/{name}',
    summary: 'Ends a room: its members are told (`closed`), and the pairings that it formed end.',
    input: { type: 'object', required: ['name'], properties: { name: roomName, app } },
    status: 200,
    answer: ended,
    errors: ['unknown_room'],
  },
  list_apps: {
    method: 'get',
    path: '/admin/apps',
    summary: 'The counts of each app, in the order of their names.',
    input: { type: 'object', properties: paging },
    status: 200,
    answer: resources.pageOf(resources.appCounts),
    errors: [],
  },
} as const satisfies { readonly [name: string]: AdminOperationShape };

export type AdminOperation = keyof typeof adminOperations;
export type AdminInput<Name extends AdminOperation> = Static<(typeof adminOperations)[Name]['input']>;
export type AdminOutput<Name extends AdminOperation> = Static<(typeof adminOperations)[Name]['answer']>;
export const adminOperationNames = Object.keys(adminOperations) as AdminOperation[];
