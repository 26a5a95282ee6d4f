/** What a release tells of itself. That it is whole is a part of packages/packages.test.ts, where its packages are made. */
import { describe, expect, it } from '@jest/globals';
import { notesOf } from '../../scripts/release/notes.ts';

describe('the notes of a release', () => {
  const changelog =
    '# Changelog\n\n## [Unreleased]\n\n## [2.0.0] - 2026-02-01\n\n- new\n\n## [1.0.0]\n\n- old\n';

  it('tell of its own version, and of no other', () => {
    expect(notesOf(changelog, '2.0.0')).toBe('- new\n');
  });

  it.each(['3.0.0', 'Unreleased'])(
    'with nothing to tell of %s are none, and say what to write',
    (heading) => {
      expect(() => notesOf(changelog, heading)).toThrow(`"## [${heading}] - `);
    },
  );
});
