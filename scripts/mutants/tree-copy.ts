/** A copy of the tree, the only place where mutants are written: however a run ends, the sources stay unchanged. */
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Mutant } from './mutate.ts';

const COPIES = '.cache/mutants';
const COPIED = [
  'src',
  'test',
  'tools',
  'scripts',
  'bench',
  'package.json',
  'package-lock.json',
  'jest.config.js',
  'tsconfig.json',
];
const LINKED = ['node_modules', 'examples', 'docs', 'dist'];

export class TreeCopy {
  readonly path = join(COPIES, String(process.pid));

  make(): void {
    removeAbandoned();
    mkdirSync(this.path, { recursive: true });
    for (const name of COPIED) cpSync(name, join(this.path, name), { recursive: true });
    for (const name of LINKED) symlinkSync(join(process.cwd(), name), join(this.path, name));
  }

  /** @returns puts the copy's own text back: the tree may have changed since the copy was made */
  write({ file, text }: Mutant): () => void {
    const path = join(this.path, file);
    const original = readFileSync(path);
    writeFileSync(path, text);
    return () => writeFileSync(path, original);
  }

  remove(): void {
    remove(this.path);
  }
}

/** Removes the copies of runs that were killed and could not remove their own. */
function removeAbandoned(): void {
  mkdirSync(COPIES, { recursive: true });
  for (const pid of readdirSync(COPIES)) if (!isRunning(Number(pid))) remove(join(COPIES, pid));
}

function remove(path: string): void {
  // A killed test may still be writing.
  rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
