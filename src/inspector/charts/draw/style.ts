/**
 * The appearance of a chart, light and dark, included in each SVG. `lit`, `taken`, `been`, `next`, `count` and `rate`
 * are for the page; text.ts calculates with the widths of the fonts named here.
 */
const light =
  '--panel:#fff;--nest:#f6f8fa;--leaf:#fff;--line:#b7c0ca;--text:#1f2328;--about:#59636e;--event:#0550ae;--guard:#8a5a00;--action:#1a7f37;--arrow:#7d8894;--solid:#0969da;--good:#1a7f37;--waiting:#9a6700;--lost:#cf222e;--on:#fff;--taken:#bc4c00';
const dark =
  '--panel:#0d1117;--nest:#151b23;--leaf:#1c232d;--line:#4a525c;--text:#f0f6fc;--about:#9198a1;--event:#79c0ff;--guard:#e3b341;--action:#56d364;--arrow:#7d8590;--solid:#58a6ff;--good:#56d364;--waiting:#e3b341;--lost:#ff7b72;--on:#0d1117;--taken:#ffa657';
const sans = 'system-ui,"Segoe UI",Helvetica,Arial,sans-serif';
const tones = ['good', 'waiting', 'lost'];

export const style = [
  `.chart{${light};font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}`,
  `@media(prefers-color-scheme:dark){.chart{${dark}}}`,
  '.chart .box,.chart .rim{fill:var(--leaf);stroke:var(--line)}',
  '.chart .rim{fill:none}',
  '.chart .root>.box{fill:var(--panel)}',
  '.chart .nest>.box{fill:var(--nest)}',
  '.chart .region>.box{fill:none;stroke-dasharray:5 4}',
  '.chart .arrow{fill:none;stroke:var(--arrow);stroke-width:1.25}',
  '.chart .tip,.chart .dot{fill:var(--arrow)}',
  `.chart .name{font:600 14px ${sans};fill:var(--text)}`,
  `.chart .label,.chart .about{font:12px ${sans};fill:var(--about)}`,
  '.chart tspan.label{fill:var(--text)}',
  '.chart .event{fill:var(--event);font-weight:600}',
  '.chart .goal{fill:var(--text);font-weight:600}',
  '.chart .guard{fill:var(--guard)}',
  '.chart .action{fill:var(--action)}',
  `.chart .count{font:700 12px ${sans};fill:var(--solid);text-anchor:end}`,
  '.chart .rate{fill:var(--taken);font-weight:600}',
  ...tones.map(
    (tone) =>
      `.chart [data-tone=${tone}]{--solid:var(--${tone})}.chart .leaf[data-tone=${tone}]>.box{stroke:var(--${tone})}`,
  ),
  '.chart .leaf.been>.box{stroke:var(--solid);stroke-width:2}',
  '.chart .lit>.box{stroke:var(--solid)}',
  '.chart .leaf.lit>.box{fill:var(--solid)}',
  '.chart .leaf.lit>.rim{stroke:var(--on)}',
  '.chart .leaf.lit tspan{fill:var(--on)}',
  '.chart .counted>.box{stroke:var(--solid);stroke-width:1.75}',
  '.chart .arrow.next{stroke:var(--solid);stroke-width:1.75}',
  '.chart .arrow.taken{stroke:var(--taken);stroke-width:3}',
  '.chart text.taken tspan{fill:var(--taken);font-weight:600}',
].join('');
