/**
 * The few files that the server gives to browsers: read once at the start from the build, and served from memory. A
 * table rather than a folder, so that path traversal is impossible.
 */
import { readFileSync } from 'node:fs';
import { type Answer, serveGet } from './answer.ts';
import type { App, HttpRequest, HttpResponse } from './shell/shell.ts';

export interface ServedFile {
  /** The path in the URL. */
  readonly path: string;
  /** Relative to the build's folder. */
  readonly file: string;
  readonly type:
    | 'text/html; charset=utf-8'
    | 'text/javascript; charset=utf-8'
    | 'image/svg+xml'
    | 'text/css; charset=utf-8'
    | 'application/json; charset=utf-8';
  /** Whether pages of other origins may import it. */
  readonly isShared?: boolean;
}

export interface FileRules {
  /** An answer in place of the file; undefined: the file. */
  readonly refusalOf?: (req: HttpRequest, res: HttpResponse) => Answer | undefined;
  /** The headers that let the page that asks import a shared file. */
  readonly corsHeaders?: (req: HttpRequest, res: HttpResponse) => NonNullable<Answer['headers']>;
}

/** The build's folder, also for a server that runs from its sources. */
const BUILD = new URL('../../../dist/', import.meta.url);

/** Allows only our own files, and no embedding in frames. */
const HEADERS: readonly (readonly [string, string])[] = [
  [
    'content-security-policy',
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'",
  ],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'no-referrer'],
  ['cache-control', 'no-cache'],
];

/** Serves each file. A file missing in the build is skipped, so that a server in development starts. */
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
      const shared = isShared ? corsHeaders?.(req, res) : undefined;
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
