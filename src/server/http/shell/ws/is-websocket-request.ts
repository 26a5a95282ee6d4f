/**
 * Whether a request becomes a WebSocket (RFC 6455 section 4.2.1). It is asked before anybody makes a session for it:
 * `ws` refuses the others only afterwards, and nobody would hear that the session has no socket.
 */
import type { IncomingMessage } from 'node:http';

/** 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
/** 8 is that of a draft, which `ws` takes as well. */
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
