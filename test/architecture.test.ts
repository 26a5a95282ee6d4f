/** The shape of the code base: imports go one way, and what is fragile is imported in one place. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from '@jest/globals';

const files = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => join('src', file));

const importsOf = (file: string): string[] =>
  [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^'\s]+)'/g)].map(
    ([, name]) => name as string,
  );

/** A relative import as a path from the top. */
const targetOf = (file: string, name: string) =>
  name.startsWith('.') ? relative('.', join(dirname(file), name)) : name;

const edges = files.flatMap((file) => importsOf(file).map((name) => ({ file, to: targetOf(file, name) })));

/** What each part may import; a package by its name, a part by its folder. */
const allowed: { readonly [part: string]: RegExp } = {
  'src/protocol/': /^(src\/protocol\/|typebox$)/,
  'src/machines/': /^(src\/machines\/|src\/protocol\/|typebox|xstate$)/,
  'src/common/': /^(src\/(common|machines|protocol)\/|(?!src\/))/,
  'src/server/': /^(src\/(server|common|machines|protocol)\/|(?!src\/|werift))/,
  'src/client/': /^(src\/(client|common|machines|protocol)\/|(?!src\/|uWebSockets))/,
};

describe('the code base', () => {
  it.each(Object.entries(allowed))('%s imports only what it may', (part, pattern) => {
    const wrong = edges.filter(({ file, to }) => file.startsWith(part) && !pattern.test(to));
    expect(wrong).toEqual([]);
  });

  it.each([
    [/^uWebSockets/, /^src\/server\/uws\.ts$/],
    [/^werift$/, /^src\/client\/rtc\/werift\.ts$/],
    [/^@nats-io/, /^src\/server\/cluster\/nats-link\.ts$/],
  ])('imports %s in one file only', (name, place) => {
    expect(edges.filter(({ file, to }) => name.test(to) && !place.test(file))).toEqual([]);
  });

  it('keeps the machines free of clocks, timers, chance, environment and logs', () => {
    const impure =
      /\b(Date\.now|new Date|performance\.|setTimeout|setInterval|setImmediate|Math\.random|process\.|console\.)/;
    const wrong = files.filter(
      (file) => file.startsWith('src/machines/') && impure.test(readFileSync(file, 'utf8')),
    );
    expect(wrong).toEqual([]);
  });

  it('touches the internals of XState in the stepper only', () => {
    const internal = /_sendInspectionEvent|\b_transitions|actionExecutor|createEmptyActor/;
    const users = files.filter((file) => internal.test(readFileSync(file, 'utf8')));
    expect(users).toEqual(['src/machines/host/xstate-stepper.ts']);
  });
});
