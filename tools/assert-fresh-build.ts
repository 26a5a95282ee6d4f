/** The tests that run `dist` as a user would refuse one that is older than its sources: they would test yesterday's. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const BUILT = 'dist/cli.js';

/** When the newest file of the sources was changed, and which it is. */
function newestSource(): { readonly file: string; readonly at: number } {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).map((file) => join('src', file));
  const changed = files.map((file) => ({ file, stat: statSync(file) })).filter(({ stat }) => stat.isFile());
  return changed
    .map(({ file, stat }) => ({ file, at: stat.mtimeMs }))
    .reduce((newest, next) => (next.at > newest.at ? next : newest));
}

let isFresh = false;

/** @throws Error saying what to do when there is no build, or when it is older than `src` */
export function assertFreshBuild(): void {
  if (isFresh) return;
  const builtAt = statSync(BUILT, { throwIfNoEntry: false })?.mtimeMs;
  if (builtAt === undefined) throw new Error(`there is no ${BUILT}: npm run build`);
  const { file, at } = newestSource();
  if (at > builtAt) throw new Error(`${BUILT} is older than ${file}: npm run build`);
  isFresh = true;
}
