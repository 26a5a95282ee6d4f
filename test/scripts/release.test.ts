/** A release, as its maintainer makes it and as its user checks it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { notesOf } from '../../scripts/release/notes.ts';
import { assertFreshBuild } from '../../tools/assert-fresh-build.ts';

const run = (command: string, args: readonly string[], cwd = '.') =>
  execFileSync(command, [...args], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string;
  dependencies: Record<string, string>;
};

describe('a release', () => {
  const changelog =
    '# Changelog\n\n## [Unreleased]\n\n## [2.0.0] - 2026-02-01\n\n- new\n\n## [1.0.0]\n\n- old\n';

  it('tells of its own version, and of no other', () => {
    expect(notesOf(changelog, '2.0.0')).toBe('- new\n');
  });

  it.each(['3.0.0', 'Unreleased'])(
    'with nothing to tell of %s is none, and says what to write',
    (heading) => {
      expect(() => notesOf(changelog, heading)).toThrow(`"## [${heading}] - `);
    },
  );

  it('has checksums that fit, both packages, the notes, and a bill of materials with each dependency', () => {
    assertFreshBuild();
    run(process.execPath, ['--import', 'tsx', 'scripts/make-packages.ts']);
    const said = run(process.execPath, ['--import', 'tsx', 'scripts/make-release.ts', '--unreleased']);
    const { version, dependencies } = manifest;
    const files = run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], 'packages');
    expect(files.trim().split('\n')).toEqual([
      `pairlane-${version}.tgz: OK`,
      `pairlane-client-${version}.tgz: OK`,
      `pairlane-${version}.cdx.json: OK`,
      `pairlane-${version}.md: OK`,
    ]);
    expect(said).toContain(`npm publish packages/pairlane-${version}.tgz`);
    const { bomFormat, components } = JSON.parse(
      readFileSync(`packages/pairlane-${version}.cdx.json`, 'utf8'),
    ) as {
      bomFormat: string;
      components: { name: string; group?: string; purl: string; hashes?: unknown[] }[];
    };
    expect(bomFormat).toBe('CycloneDX');
    const urls = components.map(({ purl }) => decodeURIComponent(purl));
    for (const [name, range] of Object.entries(dependencies)) {
      // One that is installed under another name has its own there.
      const [, real = name] = /^npm:(.+)@/.exec(range) ?? [];
      expect(urls).toContainEqual(expect.stringContaining(`pkg:npm/${real}@`));
    }
    expect(urls.some((url) => url.includes('/jest@'))).toBe(false);
  });
});
