/**
 * How a chart looks, light and dark. It travels inside each SVG. `lit`, `taken`, `count` and `rate` are for the page;
 * the fonts are those whose widths text.ts reckons with.
 */
const light =
  '--panel:#fff;--nest:#f6f8fa;--leaf:#fff;--line:#c5ccd4;--text:#1f2328;--about:#59636e;--event:#0550ae;--guard:#8a5a00;--action:#1a7f37;--arrow:#6e7781;--lit:#ddf4ff;--lit-line:#0969da;--taken:#bc4c00';
const dark =
  '--panel:#0d1117;--nest:#151b23;--leaf:#1c232d;--line:#3d444d;--text:#f0f6fc;--about:#9198a1;--event:#79c0ff;--guard:#e3b341;--action:#56d364;--arrow:#8b949e;--lit:#0c2d6b;--lit-line:#58a6ff;--taken:#ffa657';

export const style = [
  `.chart{${light};font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}`,
  `@media(prefers-color-scheme:dark){.chart{${dark}}}`,
  '.chart .box,.chart .rim{fill:var(--leaf);stroke:var(--line)}',
  '.chart .rim{fill:none}',
  '.chart .root>.box{fill:var(--panel)}',
  '.chart .nest>.box{fill:var(--nest)}',
  '.chart .region>.box{fill:none;stroke-dasharray:5 4}',
  '.chart .pill>.box{fill:none;stroke-dasharray:2 3}',
  '.chart .arrow{fill:none;stroke:var(--arrow);stroke-width:1.25}',
  '.chart .tip,.chart .dot{fill:var(--arrow)}',
  '.chart .name{font:600 14px system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:var(--text)}',
  '.chart .about{font:11px system-ui,"Segoe UI",Helvetica,Arial,sans-serif;fill:var(--about)}',
  '.chart .event{fill:var(--event);font-weight:600}',
  '.chart .goal{fill:var(--text);font-weight:600}',
  '.chart .guard{fill:var(--guard)}',
  '.chart .action{fill:var(--action)}',
  '.chart .left text{text-anchor:end}',
  '.chart .count{font:600 12px system-ui,Helvetica,Arial,sans-serif;fill:var(--lit-line);text-anchor:end}',
  '.chart .rate{fill:var(--taken);font-weight:600}',
  '.chart .lit>.box{fill:var(--lit);stroke:var(--lit-line);stroke-width:2}',
  '.chart .nest.lit>.box,.chart .root.lit>.box,.chart .region.lit>.box{fill:none;stroke:var(--lit-line);stroke-width:1.5}',
  '.chart .root.lit>.box{fill:var(--panel)}',
  '.chart .taken.arrow{stroke:var(--taken);stroke-width:2.5}',
  '.chart text.taken tspan{fill:var(--taken)}',
  '.chart .refused tspan{fill:#cf222e;text-decoration:line-through}',
].join('');
