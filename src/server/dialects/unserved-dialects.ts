/**
 * Clients of dialects that this server could serve, if an option were on. They are told so, and so is the log: else they
 * would be greeted in a protocol that they do not speak, and wait.
 */
import { corsHeaders } from '../admission/cors.ts';
import { readFacts } from '../admission/request-facts.ts';
import type { SocketRouteDeps } from '../admission/serve-sockets.ts';
import { type Answer, answer, serveGet, TEXT } from '../http/answer.ts';
import type { App, HttpRequest, HttpResponse } from '../http/shell/shell.ts';

interface Dialect {
  readonly option: 'peerjs' | 'topics' | 'rooms';
  /** What is not served. */
  readonly name: string;
  /** What its clients, and the pages that load them, ask for first. */
  readonly paths: readonly string[];
}

const dialects: readonly Dialect[] = [
  { option: 'peerjs', name: 'PeerJS', paths: ['/peerjs/id', '/peerjs'] },
  { option: 'topics', name: 'y-webrtc', paths: ['/y-webrtc'] },
  { option: 'topics', name: 'Trystero’s relay', paths: ['/trystero'] },
  { option: 'rooms', name: 'Socket.IO', paths: ['/socket.io/*'] },
  { option: 'rooms', name: 'The client of game rooms', paths: ['/webrtc-manager.js', '/examples/pong/'] },
];

/** Adds the routes of the dialects whose option is off. */
export function refuseUnserved(app: App, deps: SocketRouteDeps): void {
  for (const dialect of dialects.filter(({ option }) => !deps.options[option])) {
    const refused = (res: HttpResponse, req: HttpRequest) => refusalOf(dialect, deps, res, req);
    for (const path of dialect.paths) {
      app.ws(path, { upgrade: (res, req) => answer(res, refused(res, req)) });
      serveGet(app, path, (req, res) => refused(res, req));
    }
  }
}

function refusalOf(
  { option, name }: Dialect,
  deps: SocketRouteDeps,
  res: HttpResponse,
  req: HttpRequest,
): Answer {
  const { admission, telemetry } = deps;
  const kind = `${option}_off`;
  telemetry.metrics.refused.add(kind);
  telemetry.refusals.warn(
    kind,
    admission.addressOf(readFacts(res, req)),
    `Refused a client: ${name} is not served; --${option} serves it`,
  );
  return {
    status: '404 Not Found',
    headers: [TEXT, ...corsHeaders(deps, res, req)],
    body: `${name} is not served here (--${option}).\n`,
  };
}
