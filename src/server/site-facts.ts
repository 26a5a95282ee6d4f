/** /site.json, for the page at `/`. */
import type { SiteFacts } from '../protocol/site/site-facts.ts';
import { isLocal, readFacts } from './admission/request-facts.ts';
import { NOT_KEPT, serveGet } from './http/answer.ts';
import type { App } from './http/shell/shell.ts';
import { lanHosts } from './lan-addresses.ts';
import type { ServerOptions } from './options.ts';

export type SiteFactsOptions = Pick<ServerOptions, 'host' | 'basePath' | 'tlsCert' | 'turnUrl'>;

/** @param port returns the port that the server listens on, which is known only once it does */
export function addSiteFacts(app: App, options: SiteFactsOptions, port: () => number): void {
  serveGet(app, '/site.json', (req, res) => {
    const { turnUrl, host, tlsCert, basePath } = options;
    const scheme = tlsCert === undefined ? 'http' : 'https';
    const facts: SiteFacts = {
      hasTurn: turnUrl.length > 0,
      ...(isLocal(readFacts(res, req)) && {
        lan: lanHosts(host).map((name) => `${scheme}://${name}:${port()}${basePath}/`),
      }),
    };
    return {
      headers: [
        ['content-type', 'application/json; charset=utf-8'],
        ['x-content-type-options', 'nosniff'],
        NOT_KEPT,
      ],
      body: JSON.stringify(facts),
    };
  });
}
