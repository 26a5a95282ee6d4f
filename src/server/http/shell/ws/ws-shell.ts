/** The shell for `ws` and `node:http`: it runs wherever Node does, and can also use another program's HTTP server. */
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import type { Shell } from '../shell.ts';
import { WsApp } from './ws-app.ts';

export function createWsShell(): Shell {
  return {
    name: 'ws',
    createApp: ({ certificate }) =>
      new WsApp({
        secureContext:
          certificate &&
          createSecureContext({
            cert: readFileSync(certificate.tlsCert),
            key: readFileSync(certificate.tlsKey),
          }),
      }),
  };
}
