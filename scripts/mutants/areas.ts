/** What `npm run mutants` changes, and the tests that should notice: fast tests that do not need the build. */

export const areaNames = [
  'machines',
  'engine',
  'core',
  'dialects',
  'admission',
  'http',
  'inspector',
  'records',
  'cluster',
  'client',
] as const;
export type AreaName = (typeof areaNames)[number];

/** Files of an area whose mutants the same tests should notice. */
export interface Part {
  readonly area: AreaName;
  /** Under `src/`. */
  readonly files: RegExp;
  /** Jest patterns of test files under `test/`. */
  readonly tests: readonly string[];
  /** The shell that the tests' servers run on, if not the usual one. */
  readonly shell?: 'ws';
  /** A pattern of the tests' full names, if only some tests of these files are meant. */
  readonly names?: string;
}

/** The share of mutants that the tests must notice. */
export const targets: Readonly<Record<AreaName, number>> = {
  machines: 0.95,
  engine: 0.95,
  core: 0.9,
  dialects: 0.9,
  admission: 0.9,
  http: 0.9,
  inspector: 0.9,
  records: 0.9,
  cluster: 0.9,
  client: 0.9,
};

/** These step every state of every machine, which takes seconds. */
const laws = ['machines/truth', 'machines/laws'];
/** The tables of the machines that a person has reviewed: fast, and most likely to notice. */
const tables = ['machines/tables'];
/**
 * Tests whose steps nobody wrote by hand: they are generated from the machines, or from the tables or models, and
 * judged by an independent oracle.
 */
export const generated = {
  tests: [
    ...tables,
    'machines/relay-link/relay-(table|link-events)',
    'model/',
    'machines/laws',
    'server/signaling/((pairing|session)-paths|rooms/room-paths)',
    'client/negotiation/negotiation-paths',
  ],
  /** The tests of one machine, and those of all machines together. */
  namesOf: (machine: string) =>
    `nothing else ${machine}$|^the ${machine} machine |^the routing table |^the event that a message is |^two clients |^a fault is found |^(a|paths of a|paths through the) ${machine} .*over real WebSockets`,
  target: 0.9,
};
const native = [
  'server/dialects/native/(protocol|resume|restored|bad|decide|many-peers)',
  'server/signaling/(?!ice-servers|pairing-paths)',
];

/** Leaves out the tests that start a process, and so need the build. */
const noProcess =
  '^(?!SIGHUP|without tokens, `jose`|--host replaces a Unix socket|connections that come at once|ICE servers that are wrong|headers may have|TLS with a bad file|pairlane replay)';

export const parts: readonly Part[] = [
  {
    area: 'machines',
    files: /^machines\/session\//,
    tests: [
      ...tables,
      'machines/session',
      'machines/truth',
      ...native.slice(0, 1),
      'server/signaling/(?!ice-servers|pairing-paths)',
      ...laws,
    ],
  },
  {
    area: 'machines',
    files: /^machines\/pairing\//,
    tests: [...tables, 'machines/pairing', ...native.slice(0, 1), 'server/signaling/pairing-paths', ...laws],
  },
  {
    area: 'machines',
    files: /^machines\/negotiation\//,
    tests: [...tables, 'client/negotiation/negotiation\\.', ...laws],
  },
  {
    area: 'machines',
    files: /^machines\/(room|edge|absent-peer|authorization|delivery)\//,
    tests: [
      ...tables,
      'machines/(room|edge|absent|authorization|delivery)',
      'server/dialects/socket-io/rooms',
      ...laws,
    ],
  },
  {
    area: 'machines',
    files: /^machines\/relay-link\//,
    tests: [...tables, 'machines/relay-link', 'server/relay/(hostile|parent)', ...laws],
  },
  {
    area: 'machines',
    files: /^machines\/(node-link|remote-session)\//,
    tests: [...tables, 'server/cluster/(links|pairing)', ...laws],
  },
  {
    area: 'machines',
    files: /^machines\/remote-player\//,
    tests: [...tables, 'client/rooms/remote-player', ...laws],
  },
  {
    area: 'engine',
    files: /^machines\/host\//,
    tests: [
      'machines/host/(machine-host|plans|step-queue|timer-wheel)\\.',
      'machines/chart/',
      'machines/host/',
      'machines/laws',
    ],
  },
  {
    area: 'core',
    files: /^server\/signaling\//,
    tests: [
      ...native,
      'server/signaling/ice-servers',
      'server/dialects/native/(token|client-snapshot)',
      'server/drain/drain\\.',
      'server/admission/shares',
      'server/cluster/(pairing|rooms/(?!model))',
      'server/dialects/socket-io/rooms',
      'server/telemetry/(?!logger|line-output)',
      'server/inspector/views',
      'server/dialects/topics',
    ],
    names: noProcess,
  },
  {
    area: 'dialects',
    files: /^server\/dialects\/native\/(listen|routes)/,
    tests: [
      'server/attach',
      'server/http/listen',
      'server/reload',
      'server/inspector/evidence',
      'server/http/connections',
      'server/admission/limits',
      'server/dialects/native/(routes|token-gate|protocol|bad)',
    ],
    names: noProcess,
  },
  {
    area: 'dialects',
    files: /^server\/dialects\/native\/token-/,
    tests: ['server/dialects/native/token', 'server/signaling/apps'],
    names: noProcess,
  },
  {
    area: 'dialects',
    files: /^server\/dialects\/native\/(?!listen|routes|token-)/,
    tests: [
      ...native,
      'server/dialects/native/(?!restart|tokens|many-returns|routes)',
      'server/admission/limits',
      'server/drain/drain\\.',
      'server/cluster/migration',
      'server/inspector/evidence',
      'server/dialects/chaos',
    ],
  },
  {
    area: 'dialects',
    files: /^server\/dialects\/socket-io\//,
    tests: [
      'server/dialects/socket-io/',
      'server/admission/shares',
      'server/drain/drain\\.',
      'server/dialects/chaos',
    ],
  },
  {
    area: 'dialects',
    files: /^server\/dialects\/peerjs\//,
    tests: ['server/dialects/peerjs/', 'server/dialects/chaos'],
  },
  {
    area: 'dialects',
    files: /^server\/dialects\/topics\//,
    tests: ['server/dialects/topics/', 'server/dialects/chaos'],
  },
  {
    area: 'admission',
    files: /^server\/admission\/tokens\//,
    tests: [
      'server/admission/tokens/',
      'server/dialects/native/token',
      'server/dialects/(peerjs|socket-io)/tokens',
      'server/signaling/apps',
      'server/webhooks/auth',
      'server/embed/hooks',
    ],
    names: noProcess,
  },
  {
    area: 'admission',
    files: /^server\/admission\/(?!tokens\/)/,
    tests: [
      'server/admission/(?!kept-memory)',
      'server/dialects/native/(bad|resume|token)',
      'server/dialects/(peerjs|socket-io)/limits',
      'server/http/(connections|answers)',
      'server/telemetry/(metrics|refusal)',
      'server/workers/',
      'server/inspector/feed',
    ],
    names: noProcess,
  },
  {
    area: 'http',
    files: /^server\/http\/shell\/ws\//,
    shell: 'ws',
    tests: [
      'server/http/(?!descriptors)',
      'server/admission/(limits|request-headers)',
      'server/dialects/native/bad-input',
      'server/dialects/socket-io/transports',
      'server/dialects/topics/',
      'server/inspector/feed',
      'server/telemetry/(metrics|refusal)',
    ],
    names: noProcess,
  },
  {
    area: 'http',
    // How many descriptors a process has is tested as a process.
    files: /^server\/http\/(?!shell\/ws\/|descriptors)/,
    tests: [
      'server/http/(?!descriptors)',
      'server/admission/(limits|trust|origins)',
      'server/admin/admin\\.',
      'server/drain/drain\\.',
      'server/dialects/native/(bad-input|outbox|routes)',
      'server/dialects/socket-io/transports',
      'server/inspector/feed',
      'server/telemetry/metrics',
      'server/webhooks/',
      'server/(attach|reload)',
    ],
    names: noProcess,
  },
  {
    area: 'inspector',
    files: /^server\/inspector\//,
    tests: [
      'server/inspector/',
      'server/(cluster|relay|dialects/socket-io)/inspect',
      'server/dialects/chaos',
      'server/traces/',
    ],
  },
  {
    area: 'records',
    // What prints them is tested as a process.
    files: /^inspector\/records\/(?!replay-command|replay-as-test)/,
    tests: ['inspector/records/', 'server/inspector/(evidence|failed-pairings|recorder)'],
    names: noProcess,
  },
  {
    area: 'cluster',
    files: /^server\/cluster\/bus\/nats\//,
    tests: ['server/cluster/bus/nats/'],
  },
  {
    area: 'cluster',
    files: /^server\/cluster\/bus\/(?!nats)/,
    tests: ['server/cluster/bus/(local|frag|relay|create|workers)', 'server/cluster/links'],
  },
  {
    area: 'cluster',
    files: /^server\/cluster\/(?!bus\/)/,
    tests: [
      'server/cluster/(cluster|foreign|in-pieces|links|node-|drain|pairing|migration|rooms|many-peers|inspect|remote-)',
      'server/signaling/(pairing-keys|failing-effects)',
      'server/dialects/(topics|peerjs)',
      'server/inspector/(fleet|views|merged-record)',
      'server/admin/admin-nodes',
      'server/cluster/model',
    ],
  },
  {
    area: 'client',
    files: /^client\/negotiation\//,
    tests: [
      'client/negotiation/(reporters|negotiation|current-connection)\\.',
      'client/rooms/remote-player',
      'client/peer/connections?\\.',
      'client/peer/(peer|close|last-words)\\.',
      'client/rooms/manager',
    ],
  },
  {
    area: 'client',
    files: /^client\/(peer|rtc\/(?!werift))/,
    tests: [
      'client/rtc/(data|peer|evidence|connection)',
      'client/peer/',
      'common/options',
      'client/negotiation/negotiation\\.',
      'client/signaling/(hostile|token)',
    ],
  },
  {
    area: 'client',
    files: /^client\/signaling\//,
    tests: ['client/signaling/', 'client/peer/(hostile|peer\\.|connections\\.)'],
    names: '^(?!.*over a kill -9 and a restart)',
  },
  {
    area: 'client',
    files: /^client\/rooms\//,
    tests: ['client/rooms/(remote|manager|hostile|played|game-socket)'],
  },
  {
    area: 'client',
    files: /^client\/room\//,
    tests: ['client/room/'],
  },
];
