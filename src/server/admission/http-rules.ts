/**
 * Rules for every plain HTTP request, checked before its route: the length of its headers, and the host name that it
 * uses.
 */
import { printableJson } from '../../common/printable.ts';
import { type Answer, TEXT } from '../http/answer.ts';
import { MAX_HEADER_BYTES } from '../http/shell/shell.ts';
import type { AppWatch } from '../http/watch-app.ts';
import type { ServerOptions } from '../options.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Admission } from './admission.ts';
import { addressText } from './client-address.ts';
import { hostnameOf } from './origins.ts';
import { readFacts } from './request-facts.ts';

export interface HttpRulesDeps {
  readonly options: ServerOptions;
  readonly admission: Pick<Admission, 'origins' | 'tcpOpened' | 'tcpAsked'>;
  readonly telemetry: Telemetry;
}

/** Load balancers request these by any name, and they reveal nothing; the drain has a stricter rule of its own. */
const FOR_ANY_NAME = new Set(['/healthz', '/readyz', '/drain']);

const TOO_LONG: Answer = {
  status: '431 Request Header Fields Too Large',
  headers: [TEXT],
  body: `The headers have more than ${MAX_HEADER_BYTES} bytes.\n`,
};

export function httpRules({ options, admission, telemetry }: HttpRulesDeps): AppWatch {
  const { origins } = admission;
  const { metrics, refusals } = telemetry;
  const refuse = (kind: string, message: string, address = '') => {
    metrics.refused.add(kind);
    refusals.warn(kind, address, message);
  };
  return {
    basePath: options.basePath,
    connections: { open: 0 },
    get maxConnections() {
      return options.maxHttpConnections;
    },
    full: () =>
      refuse('http_connections', 'Ended a connection: as many as may be open (--max-http-connections)'),
    opened(remote) {
      const address = addressText(remote);
      if (admission.tcpOpened(address)) return true;
      refuse(
        'http_connections_per_address',
        'Ended a connection: its address has as many that ask nothing as it may (a tenth of --max-http-connections)',
        address,
      );
      return false;
    },
    asked: (remote) => admission.tcpAsked(addressText(remote)),
    refusalOf(res, req, isUpgrade) {
      const { remote, headers, headerBytes } = readFacts(res, req);
      if (headerBytes > MAX_HEADER_BYTES) {
        refuse('headers', `Refused a request: its headers have more than ${MAX_HEADER_BYTES} bytes`, remote);
        return TOO_LONG;
      }
      const host = headers.get('host') ?? '';
      // For an upgrade, admission checks the page's origin as well.
      if (
        isUpgrade ||
        FOR_ANY_NAME.has(req.getUrl().slice(options.basePath.length)) ||
        origins.isServedName(host)
      )
        return undefined;
      const name = printableJson(hostnameOf(host).slice(0, 200));
      refuse('host', `Refused a request for the host ${name}; --public-host ${name} allows it`, remote);
      return {
        status: '403 Forbidden',
        headers: [TEXT],
        body: 'This server does not answer to that host name. Start it with --public-host NAME if it should.\n',
      };
    },
  };
}
