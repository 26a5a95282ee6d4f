/** Tests that run `dist` as a user would refuse a build that is older than its sources: they would test old code. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const BUILT = 'dist/cli.js';

/** The newest source file, and when it was changed. */
function newestSource(): { readonly file: string; readonly at: number } {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).map((file) => join('src', file));
  const changed = files.map((file) => ({ file, stat: statSync(file) })).filter(({ stat }) => stat.isFile());
  return changed
    .map(({ file, stat }) => ({ file, at: stat.mtimeMs }))
    .reduce((newest, next) => (next.at > newest.at ? next : newest));
}

let isFresh = false;

/** @throws Error with what to do, if there is no build or it is older than `src` */
export function assertFreshBuild(): void {
  if (isFresh) return;
  const builtAt = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs;
  if (builtAt === undefined) throw new Error(`there is no ${BUILT}: npm run build`);
  const { file, at } = newestSource();
  if (at > builtAt) throw new Error(`${BUILT} is older than ${file}: npm run build`);
  isFresh = true;
}
