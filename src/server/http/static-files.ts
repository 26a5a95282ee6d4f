/**
 * The few files that the server gives to browsers: read once at the start from the build, answered from memory. It is
 * a table, not a folder, so that there is nothing to climb out of.
 */
import { readFileSync } from 'node:fs';
import { type Answer, serveGet } from './answer.ts';
import type { App, HttpRequest, HttpResponse } from './shell/shell.ts';

export interface ServedFile {
  /** The path in the URL. */
  readonly path: string;
  /** Below the build's folder. */
  readonly file: string;
  readonly type:
    | 'text/html; charset=utf-8'
    | 'text/javascript; charset=utf-8'
    | 'image/svg+xml'
    | 'text/css; charset=utf-8'
    | 'application/json; charset=utf-8';
  /** What pages of other origins may import. */
  readonly isShared?: boolean;
}

export interface FileRules {
  /** What is answered in place of a file; undefined: the file. */
  readonly refusalOf?: (req: HttpRequest, res: HttpResponse) => Answer | undefined;
  /** What lets a page of that origin import a shared file. */
  readonly corsHeaders?: (origin: string, host: string) => NonNullable<Answer['headers']>;
}

/** The build's folder, also for a server that runs from its sources. */
const BUILD = new URL('../../../dist/', import.meta.url);

/** Nothing but our own files, and no frame around them. */
const HEADERS: readonly (readonly [string, string])[] = [
  [
    'content-security-policy',
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'",
  ],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cache-control', 'no-cache'],
];

/**
 * Serves each file. One that the build has not made is left out, so that a server in development starts.
 */
export function serveFiles(
  app: App,
  files: readonly ServedFile[],
  { refusalOf, corsHeaders }: FileRules,
): void {
  for (const { path, file, type, isShared } of files) {
    const body = readBuilt(file);
    if (body === undefined) continue;
    const headers: Answer['headers'] = [['content-type', type], ...HEADERS];
    serveGet(app, path, (req, res) => {
      const shared = isShared ? corsHeaders?.(req.getHeader('origin'), req.getHeader('host')) : undefined;
      return refusalOf?.(req, res) ?? { headers: shared ? [...headers, ...shared] : headers, body };
    });
  }
}

function readBuilt(file: string): Buffer | undefined {
  try {
    return readFileSync(new URL(file, BUILD));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
