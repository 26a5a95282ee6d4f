/** A chart as a mermaid `stateDiagram-v2`, for documents that render mermaid. Guards and actions are left out. */

import { describeTrigger } from '../../machines/chart/transition-names.ts';
import type { Chart, ChartState } from '../../machines/index.ts';

export function mermaidOf(chart: Chart): string {
  return `stateDiagram-v2\n${drawInside(chart.root, '  ').join('\n')}\n`;
}

function drawInside(state: ChartState, indent: string): string[] {
  const lines: string[] = [];
  if (state.initial) lines.push(`${indent}[*] --> ${idOf(state.initial)}`);
  state.states.forEach((child, i) => {
    if (state.kind === 'parallel' && i > 0) lines.push(`${indent}--`);
    lines.push(...drawState(child, indent));
  });
  return lines;
}

function drawState(state: ChartState, indent: string): string[] {
  const id = idOf(state.id);
  const lines = [`${indent}state "${state.key}" as ${id}`];
  if (state.states.length > 0)
    lines.push(`${indent}state ${id} {`, ...drawInside(state, `${indent}  `), `${indent}}`);
  for (const transition of state.transitions) {
    for (const target of transition.targets)
      lines.push(`${indent}${id} --> ${idOf(target)}: ${describeTrigger(transition.trigger)}`);
  }
  if (state.kind === 'final') lines.push(`${indent}${id} --> [*]`);
  return lines;
}

/** mermaid takes a dot in an id for a style. */
function idOf(id: string): string {
  return id.replaceAll('.', '_').replaceAll(' ', '_');
}
