/** What was taken, as a page that stands alone. */

interface MachineCoverage {
  readonly machine: string;
  readonly taken: readonly (readonly [name: string, times: number])[];
}

const STYLE = `
:root { color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { padding: 0.2rem 0.6rem; text-align: left; border-bottom: 1px solid #8884; }
td:first-child, th:first-child { width: 5rem; text-align: right; }
code { font-size: 13px; overflow-wrap: anywhere; }
.never { background: #d3313122; }
.never td:first-child { color: light-dark(#b00020, #ff8a80); font-weight: 600; }
.taken td:first-child { color: light-dark(#146c2e, #7fd99a); }
`;

export function htmlReport(machines: readonly MachineCoverage[]): string {
  const all = machines.flatMap(({ taken }) => taken);
  const title = `${shareOf(all)} transitions taken`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
<h1>${title}</h1>
${machines.map(sectionOf).join('\n')}
</html>
`;
}

function sectionOf({ machine, taken }: MachineCoverage): string {
  const rows = taken.map(
    ([name, times]) =>
      `<tr class="${times === 0 ? 'never' : 'taken'}"><td>${times === 0 ? 'never' : times}</td><td><code>${escaped(name)}</code></td></tr>`,
  );
  return `<h2>${escaped(machine)}: ${shareOf(taken)}</h2>
<table>
<thead><tr><th scope="col">taken</th><th scope="col">transition</th></tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

function shareOf(taken: MachineCoverage['taken']): string {
  return `${taken.filter(([, times]) => times > 0).length} of ${taken.length}`;
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
