/** The coverage report as a self-contained page: each machine's chart, if there is one, and a table below it. */

/** A transition: how often it was taken, and by which tests, if known. */
export type TakenRow = readonly [name: string, times: number, tests?: readonly string[]];

export interface GroupCoverage {
  /** Its title: a machine, or a part of it. */
  readonly group: string;
  readonly taken: readonly TakenRow[];
  /** Its chart, as `pairlane chart` prints it. */
  readonly chart?: string | undefined;
}

const STYLE = `
:root { color-scheme: light dark; font: 14px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
td, th { padding: 0.2rem 0.6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #8884; }
td:first-child, th:first-child { width: 5rem; text-align: right; }
code { font-size: 13px; overflow-wrap: anywhere; }
summary { cursor: pointer; }
.never { background: #d3313122; }
.never td:first-child { color: light-dark(#b00020, #ff8a80); font-weight: 600; }
.taken td:first-child { color: light-dark(#146c2e, #7fd99a); }
a { color: light-dark(#0550ae, #79b8ff); }
.drawn { overflow-x: auto; }
.chart .arrow.all { stroke: light-dark(#1a7f37, #56d364); stroke-width: 2; }
.chart .arrow.some { stroke: light-dark(#9a6700, #e3b341); stroke-width: 2; }
.chart .arrow.none { stroke: light-dark(#cf222e, #ff7b72); stroke-width: 3; stroke-dasharray: 6 3; }
.chart text.none tspan { fill: light-dark(#cf222e, #ff7b72); }
`;

export function htmlReport(groups: readonly GroupCoverage[]): string {
  const all = groups.flatMap(({ taken }) => taken);
  const title = `${shareOf(all)} taken`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
<h1>${title}</h1>
<ul>${groups.map(entryOf).join('')}</ul>
${groups.map(sectionOf).join('\n')}
</html>
`;
}

/** A line of the contents. */
function entryOf({ group, taken }: GroupCoverage, at: number): string {
  const isWhole = taken.every(([, times]) => times > 0);
  return `<li class="${isWhole ? 'taken' : 'never'}"><a href="#part-${at}">${escaped(group)}</a>: ${shareOf(taken)}</li>`;
}

/** What was never taken comes first. */
function sectionOf({ group, taken, chart }: GroupCoverage, at: number): string {
  const rows = [...taken].sort(([, one], [, other]) => Number(one > 0) - Number(other > 0));
  return `<h2 id="part-${at}">${escaped(group)}: ${shareOf(taken)}</h2>
${chart === undefined ? '' : `<div class="drawn">${colored(chart, taken)}</div>`}
<table>
<thead><tr><th scope="col">taken</th><th scope="col">what</th></tr></thead>
<tbody>
${rows.map(rowOf).join('\n')}
</tbody>
</table>`;
}

function rowOf([name, times, tests = []]: TakenRow): string {
  const code = `<code>${escaped(name)}</code>`;
  const list = tests.map((test) => `<li>${escaped(test)}</li>`).join('');
  const cell = tests.length === 0 ? code : `<details><summary>${code}</summary><ul>${list}</ul></details>`;
  return `<tr class="${times === 0 ? 'never' : 'taken'}"><td>${times === 0 ? 'never' : times}</td><td>${cell}</td></tr>`;
}

/** The chart with each arrow and label coloured by coverage, and with counts as tooltips. */
function colored(chart: string, taken: readonly TakenRow[]): string {
  const times = new Map(taken.map(([name, count]) => [name, count]));
  return chart.replace(
    /<(path|text) class="([^"]*)" data-edge="([^"]*)"([^>]*?)(\/?)>/g,
    (_, tag: string, classes: string, edge: string, rest: string, isEmpty: string) => {
      const counts = unescaped(edge)
        .split('|')
        .map((name) => [name, times.get(name) ?? 0] as const);
      const never = counts.filter(([, count]) => count === 0).length;
      const share = never === 0 ? 'all' : never === counts.length ? 'none' : 'some';
      const title = counts.map(([name, count]) => `${count === 0 ? 'never' : count}: ${name}`).join('\n');
      const open = `<${tag} class="${classes} ${share}" data-edge="${edge}"${rest}>`;
      return isEmpty ? `${open}<title>${escaped(title)}</title></${tag}>` : open;
    },
  );
}

function shareOf(taken: readonly TakenRow[]): string {
  return `${taken.filter(([, times]) => times > 0).length} of ${taken.length}`;
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const unescaped = (text: string) =>
  text
    .replace(/&#(\d+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&gt;', '>')
    .replaceAll('&lt;', '<')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&');
