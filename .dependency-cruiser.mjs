/**
 * The shape of the code base, kept by `npm run lint`: which part may import which, where a fragile package may be used,
 * and that no imports form a circle. A type counts as an import like any other.
 */

/** What a part of `src` may import of the other parts. */
const parts = {
  protocol: [],
  machines: ['protocol'],
  common: ['machines', 'protocol'],
  contract: ['common', 'machines', 'protocol'],
  inspector: ['common', 'machines', 'protocol'],
  // Records are told apart by the same sentences in a list that the server makes and on the page.
  server: ['common', 'contract', 'inspector/records', 'inspector/stately', 'machines', 'protocol'],
  client: ['common', 'machines', 'protocol'],
  site: ['client/browser', 'protocol'],
  testing: ['client', 'common', 'inspector/records', 'machines', 'protocol', 'server'],
};

/** What a part of the server may import of its other parts. What is not listed here puts the parts together. */
const serverParts = {
  admin: ['signaling', 'admission', 'http', 'telemetry', 'options.ts'],
  webhooks: ['admission', 'embed', 'http', 'telemetry'],
  http: [],
  telemetry: [],
  admission: ['http', 'telemetry', 'options.ts'],
  signaling: ['admission', 'telemetry', 'options.ts', 'node-id.ts'],
  dialects: ['signaling', 'admission', 'http', 'inspector', 'telemetry', 'options.ts', 'node-id.ts'],
  cluster: ['signaling', 'admission', 'inspector', 'relay', 'telemetry', 'options.ts', 'node-id.ts'],
  embed: ['signaling', 'admission', 'telemetry', 'options.ts'],
  inspector: ['admission', 'http', 'telemetry'],
  programs: ['admission', 'http', 'inspector'],
  relay: ['admission', 'http', 'inspector', 'telemetry'],
  traces: ['signaling', 'inspector', 'http', 'telemetry', 'options.ts'],
};

/** Folders outside `src`, and what they may import of the house. */
const folders = {
  tools: ['tools/', 'src/'],
  bench: ['bench/', 'tools/', 'src/'],
  scripts: ['scripts/', 'tools/', 'src/'],
  examples: ['examples/'],
  test: ['test/', 'tools/', 'scripts/', 'examples/', 'src/'],
};

/** The one place in `src` of a package that is native, patched or large. */
const places = {
  'uWebSockets\\.js': 'src/server/http/',
  werift: 'src/client/rtc/werift/',
  '@nats-io/[^/]+': 'src/server/cluster/bus/nats/',
};

const house = '^(src|test|tools|bench|scripts|examples)/';
const anyOf = (paths) => `^(${paths.map((path) => path.replace(/\./g, '\\.')).join('|')})`;
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to });

export default {
  forbidden: [
    forbid('no-circle', 'No file imports itself by way of others.', {}, { circular: true }),
    forbid(
      'no-unresolved',
      'What is imported exists.',
      { pathNot: '^examples/' }, // They import what the server serves.
      { couldNotResolve: true },
    ),
    ...Object.entries(parts).map(([part, others]) =>
      forbid(
        `src/${part}`,
        `src/${part} imports of the house: ${[part, ...others].join(', ')}.`,
        { path: `^src/${part}/` },
        { path: house, pathNot: anyOf([part, ...others].map((other) => `src/${other}/`)) },
      ),
    ),
    ...Object.entries(serverParts).map(([part, others]) =>
      forbid(
        `src/server/${part}`,
        `src/server/${part} imports of the server: ${[part, ...others].join(', ')}.`,
        { path: `^src/server/${part}/` },
        { path: '^src/server/', pathNot: anyOf([part, ...others].map((other) => `src/server/${other}`)) },
      ),
    ),
    forbid(
      'one-dialect',
      'A dialect knows no other dialect; what several share lies beside them.',
      { path: '^src/server/dialects/([^/]+)/' },
      { path: '^src/server/dialects/[^/]+/', pathNot: '^src/server/dialects/$1/' },
    ),
    ...Object.entries(folders).map(([folder, others]) =>
      forbid(
        folder,
        `${folder} imports of the house: ${others.join(', ')}.`,
        { path: `^${folder}/` },
        { path: house, pathNot: anyOf(others) },
      ),
    ),
    forbid('src', 'src needs nothing outside itself.', { path: '^src/' }, { path: house, pathNot: '^src/' }),
    forbid('no-test', 'Nothing imports a test.', {}, { path: '\\.test\\.ts$' }),
    forbid(
      'fast-check set up',
      'A property leaves the transitions that it takes to chance: tests import test/support/fast-check.ts.',
      { path: '^test/', pathNot: '^test/support/fast-check' },
      { path: '^node_modules/fast-check/' },
    ),
    ...Object.entries(places).map(([name, place]) =>
      forbid(
        `${name} in one place`,
        `Only ${place} imports ${name}.`,
        { path: '^src/', pathNot: `^${place}` },
        { path: `^node_modules/${name}/` },
      ),
    ),
    forbid(
      'pure-machines',
      'Machines and wires need nothing of Node, and of packages xstate and typebox only.',
      { path: '^src/(machines|protocol)/' },
      { pathNot: '^(src|node_modules/(xstate|typebox))/' },
    ),
    forbid(
      'no-node-in-a-page',
      'What a browser loads reaches nothing of Node.',
      { path: '^src/(client/browser|site|inspector/page)/' },
      {
        path: '^(node_modules/(ws|werift)|src/client/(node|rtc/werift|commands)|src/server)/',
        reachable: true,
      },
    ),
    forbid(
      'no-development-package',
      'What is published needs no package that is installed for development only.',
      { path: '^src/', pathNot: '^src/(site|inspector/page)/' }, // Bundled.
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    ),
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: '^node_modules/' },
    exclude: { path: '^(dist|\\.cache)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
