/**
 * Whether a request is a valid WebSocket upgrade (RFC 6455 section 4.2.1). This is checked before a session is created
 * for it: `ws` refuses invalid ones only later, and nobody would learn that the session has no socket.
 */
import type { IncomingMessage } from 'node:http';

/** 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
/** 8 is a draft version, which `ws` accepts, too. */
const VERSIONS = ['13', '8'];
/** RFC 9110 section 5.6.2. */
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const PROTOCOLS = new RegExp(`^${TOKEN}(?:[ \\t]*,[ \\t]*${TOKEN})*$`);

export function isWebSocketRequest({ method, headers }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    KEY.test(headers['sec-websocket-key'] ?? '') &&
    VERSIONS.includes(headers['sec-websocket-version'] ?? '') &&
    areProtocols(headers['sec-websocket-protocol'])
  );
}

function areProtocols(header: string | undefined): boolean {
  if (header === undefined) return true;
  const names = header.split(/[ \t]*,[ \t]*/);
  return PROTOCOLS.test(header) && new Set(names).size === names.length;
}
