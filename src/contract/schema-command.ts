/** `pairlane schema NAME`: prints a document of the contract, for clients in other languages and their tools. */
import { readFileSync } from 'node:fs';
import { CommandError, defineCommand } from '../common/command.ts';
import { documentNames, documentOf } from './documents.ts';

const USAGE_STATUS = 2;

export const schemaCommand = defineCommand({
  name: 'schema',
  about: 'Print the wire as JSON Schema, or as AsyncAPI.',
  details: `Print the wire as JSON Schema (2020-12) or as an AsyncAPI 3 document: ${documentNames.join(', ')}. A server has the same below /schemas/.`,
  positionals: ['NAME'],
  options: {},
  examples: [['pairlane schema asyncapi > asyncapi.json', 'the protocol, for tools']],
  async run(_options, [name = '']) {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    const document = documentOf(name, version);
    if (!document)
      throw new CommandError(
        `there is no document '${name}'; there are ${documentNames.join(', ')}`,
        USAGE_STATUS,
      );
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return 0;
  },
});
