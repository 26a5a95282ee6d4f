/** The section of CHANGELOG.md about one version. */

/**
 * @param heading the version, or `Unreleased`
 * @returns the section without its heading
 * @throws with a line that says how to fix it
 */
export function notesOf(changelog: string, heading: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.startsWith(`[${heading}]`));
  const notes = section?.slice(section.indexOf('\n') + 1).trim();
  if (!notes)
    throw new Error(
      `CHANGELOG.md has nothing under "## [${heading}]": give it that heading with the day, like "## [${heading}] - 2026-01-31"`,
    );
  return `${notes}\n`;
}
