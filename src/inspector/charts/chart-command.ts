/** `pairlane chart NAME`: prints a machine's state chart. The build has drawn the SVG. */
import { readFileSync } from 'node:fs';
import { CommandError, defineCommand } from '../../common/command.ts';
import { type Chart, chartOf } from '../../machines/index.ts';
import { type ChartName, chartNames, chartTable } from './chart-table.ts';
import { mermaidOf } from './mermaid.ts';
import { xstateOf } from './xstate-config.ts';

const USAGE_STATUS = 2;

const formats: Readonly<Record<string, (name: ChartName, chart: Chart) => string>> = {
  svg: (name) => readFileSync(new URL(`./svg/${name}.svg`, import.meta.url), 'utf8'),
  mermaid: (_name, chart) => mermaidOf(chart),
  xstate: (_name, chart) => xstateOf(chart),
  json: (_name, chart) => `${JSON.stringify(chart, null, 2)}\n`,
};

export const chartCommand = defineCommand({
  name: 'chart',
  about: 'Print the state chart of a machine.',
  details: `Print the state chart of a machine: ${chartNames.join(', ')}.`,
  positionals: ['NAME'],
  examples: [
    ['pairlane chart negotiation > negotiation.svg', 'a picture'],
    ['pairlane chart pairing --format mermaid', 'for a Markdown page'],
  ],
  options: {
    format: {
      kind: 'choice',
      choices: Object.keys(formats),
      default: 'svg',
      isFlagOnly: true,
      help: 'How to print it.',
    },
  },
  async run({ format }, [name]) {
    const chartName = chartNames.find((known) => known === name);
    if (!chartName)
      throw new CommandError(`there is no chart '${name}'; there are ${chartNames.join(', ')}`, USAGE_STATUS);
    const print = formats[format] as (name: ChartName, chart: Chart) => string;
    process.stdout.write(print(chartName, chartOf(chartTable[chartName])));
    return 0;
  },
});
