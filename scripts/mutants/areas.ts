/** What `npm run mutants` changes, and the tests that should notice: none needs a browser, a broker or a build. */

export interface Area {
  readonly name: string;
  /** The files of `src` that are changed. */
  readonly files: RegExp;
  /** Patterns of test files for jest, the most telling first. */
  readonly tests: readonly string[];
}

const core = ['test/server/dialects/native/(protocol|resume|restored|bad)', 'test/server/signaling/'];

export const areas: readonly Area[] = [
  {
    name: 'machines',
    files: /^src\/machines\/(?!index|chart\/)/,
    tests: [
      'test/machines/',
      ...core,
      'test/client/negotiation/negotiation',
      'test/server/cluster/(links|pairing)',
      'test/server/relay/(parent|hostile)',
      'test/server/dialects/socket-io/rooms',
    ],
  },
  {
    name: 'core',
    files: /^src\/server\/(signaling|dialects\/native)\//,
    tests: [
      ...core,
      'test/server/admission/',
      'test/server/drain/drain\\.',
      'test/server/cluster/(links|pairing)',
    ],
  },
  {
    name: 'cluster',
    files: /^src\/server\/cluster\/(?!bus\/nats\/)/,
    tests: ['test/server/cluster/(links|drain|pairing|migration|bus/(local|frag|relay))'],
  },
  {
    name: 'client',
    files: /^src\/client\/(negotiation|peer|signaling|rooms|rtc)\//,
    tests: [
      'test/client/(negotiation/negotiation|signaling|rtc/(data|peer)|peer/(peer|bad))',
      'test/client/rooms/manager',
    ],
  },
];
