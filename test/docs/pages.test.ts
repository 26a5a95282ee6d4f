/** README and docs: what the code knows is up to date in them, and what they point to is there. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { documentationPages, fillGeneratedParts } from '../../scripts/docs/generate.ts';
import { generatedParts } from '../../scripts/docs/generated-parts.ts';
import { flagName } from '../../src/common/option-names.ts';
import { withSecretFiles } from '../../src/common/secret-files.ts';
import { serveOptions } from '../../src/server/options.ts';

const pages = new Map(
  [...documentationPages(), 'examples/README.md'].map((path) => [path, readFileSync(path, 'utf8')]),
);

/** A page without its code, in which nothing is a link or a heading. */
const prose = (page: string) =>
  page.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()]/g, ''));

/** The anchors that GitHub gives a page's headings. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ''] of page.replace(/^```.*?^```/gms, '').matchAll(/^#+ (.*)$/gm)) {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let again = 1; anchors.has(anchor); again += 1) anchor = `${slug}-${again}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** A page's links to files of this repository, pictures too: the link, the file, and the heading in it. */
function linksOf(path: string, page: string): { link: string; target: string; anchor: string | undefined }[] {
  return [...prose(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link = '']) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const [file = '', anchor] = link.split('#');
      return { link, target: file === '' ? path : normalize(join(dirname(path), file)), anchor };
    });
}

/** What npm packs, besides what package.json lists. */
const ALWAYS_PACKED = ['README.md', 'LICENSE'];

/** Whether a file is in the package: `npm pack` takes what `files` of package.json lists, and all that is below it. */
function isPacked(path: string): boolean {
  const { files } = JSON.parse(readFileSync('package.json', 'utf8')) as { files: string[] };
  return [...ALWAYS_PACKED, ...files].some((entry) => path === entry || path.startsWith(`${entry}/`));
}

/** What a page's links to this repository lack: a file, or a heading in it. */
function deadLinksOf(path: string, page: string): string[] {
  return linksOf(path, page)
    .filter(({ target, anchor }) => {
      if (!existsSync(target)) return true;
      return (
        anchor !== undefined && !anchorsOf(pages.get(target) ?? readFileSync(target, 'utf8')).has(anchor)
      );
    })
    .map(({ link }) => link);
}

describe('the documentation', () => {
  it.each([...pages])('%s has its generated parts as the code is now (else: npm run docs)', (path, page) => {
    expect(fillGeneratedParts(page, path)).toBe(page);
  });

  it('shows everything that the code knows', () => {
    const shown = [...pages.values()].flatMap((page) => [
      ...page.matchAll(/^<!-- generated: ([\w-]+) -->$/gm),
    ]);
    expect(shown.map(([, name]) => name).sort()).toEqual(Object.keys(generatedParts).sort());
  });

  it.each([...pages])('%s has no dead link, to a file or to a heading', (path, page) => {
    expect(deadLinksOf(path, page)).toEqual([]);
  });

  it.each([...pages])('%s is in the package, with every file that it links to', (path, page) => {
    expect(
      [path, ...linksOf(path, page).map(({ target }) => target)].filter((file) => !isPacked(file)),
    ).toEqual([]);
  });

  it.each([...pages])('%s names no file or folder of the repository that is not there', (_path, page) => {
    const named = [...page.matchAll(/`((?:src|test|scripts|examples|tools|bench)\/[\w./-]+)`/g)].map(
      ([, name]) => name,
    );
    expect(named.filter((name) => !existsSync(name as string))).toEqual([]);
  });

  it.each([...pages])('%s names no option of `serve` that is not there', (_path, page) => {
    const names = Object.keys(withSecretFiles(serveOptions)).map(flagName);
    const known = new Set(
      ['help', ...names, ...names.map((name) => `no-${name}`)].map((name) => `--${name}`),
    );
    const lines = page.split('\n').filter((line) => /pairlane serve|`serve |npm start --/.test(line));
    expect(
      lines.flatMap((line) => line.match(/--[a-z-]+/g) ?? []).filter((flag) => !known.has(flag)),
    ).toEqual([]);
  });

  it('has a README of at most 150 lines', () => {
    expect((pages.get('README.md') as string).split('\n').length).toBeLessThanOrEqual(151);
  });

  it('is all in the index', () => {
    const index = pages.get('docs/README.md') as string;
    const listed = [...index.matchAll(/\]\(([\w-]+\.md)\)/g)].map(([, file]) => `docs/${file}`);
    const there = [...pages.keys()].filter((path) => path.startsWith('docs/') && path !== 'docs/README.md');
    expect(listed.sort()).toEqual(there.sort());
  });
});
