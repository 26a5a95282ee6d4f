/** docs/operations.md says what is bounded by what: the options that it names are there, and its sums are those of the defaults. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { flagName } from '../../src/common/option-names.ts';
import { MAX_METADATA_BYTES } from '../../src/protocol/index.ts';
import { MAX_RELAY_HOST_BYTES, MAX_RELAY_HOSTS } from '../../src/protocol/relay-chat/index.ts';
import { maxFrameBytes } from '../../src/server/http/frame-limit.ts';
import { MAX_HEADER_BYTES } from '../../src/server/http/shell/shell.ts';
import { MAX_RECORD_BYTES, MEMORY_PER_RECORD_BYTE } from '../../src/server/inspector/live-record.ts';
import { defaultServerOptions as defaults, serverOptions } from '../../src/server/options.ts';
import { KEPT_FRAME_BYTES } from '../../src/server/signaling/waiting-bytes.ts';

const page = readFileSync('docs/operations.md', 'utf8');
const section = page.split('## What is bounded by what')[1]?.split('\n## ')[0] ?? '';
const mib = (bytes: number) => `${Math.ceil(bytes / 1024 / 1024)}`;
const count = (n: number) => n.toLocaleString('en');

const address = defaults.maxConnectionsPerAddress;
const silent = defaults.maxHttpConnections / 10;
const members = defaults.maxRoomsPerClient * MAX_METADATA_BYTES;
/** Of pairings that go on, and of those that failed, as JSON; in memory they take more. */
const RECORDS = 40 * 1024 * 1024;
const RECORDS_IN_MEMORY = MEMORY_PER_RECORD_BYTE * RECORDS;
/** With the edge of a room that formed it; measured: 28,000 of them took 42 MiB. */
const PAIRING_BYTES = 1_600;
const pairings = (address * defaults.maxPeersPerClient) / 2;
const ofOneAddress = {
  waiting: defaults.maxWaitingBytes,
  messages: address * maxFrameBytes(defaults.maxMessageBytes),
  requests: silent * MAX_HEADER_BYTES,
  rooms: defaults.maxRooms * MAX_METADATA_BYTES + address * members,
  pairings: pairings * PAIRING_BYTES,
  records: RECORDS_IN_MEMORY,
};

describe('docs/operations.md, what is bounded by what', () => {
  it('names only options that there are', () => {
    const named = [...section.matchAll(/`--([a-z-]+)`/g)].map(([, name]) => name);
    expect(named.length).toBeGreaterThan(10);
    const known = Object.keys(serverOptions).map(flagName);
    expect(named.filter((name) => !known.includes(name ?? ''))).toEqual([]);
  });

  it.each([
    `${count(address)}: \`--max-connections-per-address\``,
    `${count(defaults.maxConnections)}: \`--max-connections\``,
    `${count(defaults.maxHttpConnections)}: \`--max-http-connections\``,
    `${count(silent)} that ask nothing`,
    `${mib(silent * MAX_HEADER_BYTES)} MiB | ${mib(defaults.maxHttpConnections * MAX_HEADER_BYTES)} MiB | HTTP 431`,
    `${maxFrameBytes(defaults.maxMessageBytes) / 1024} KiB | ${mib(ofOneAddress.messages)} MiB`,
    `${mib(defaults.maxWaitingBytes)} MiB: \`--max-waiting-bytes\``,
    `${defaults.maxRoomsPerClient}: \`--max-rooms-per-client\``,
    `${count(defaults.maxRooms)}, ${mib(defaults.maxRooms * MAX_METADATA_BYTES)} MiB: \`--max-rooms\``,
    `${members / 1024} KiB | ${mib(address * members)} MiB | ` +
      `${mib(defaults.maxRooms * defaults.maxMembersPerRoom * MAX_METADATA_BYTES)} MiB: \`--max-members-per-room\``,
    `${defaults.maxPeersPerClient}: \`--max-peers-per-client\` | ${count(pairings)} pairings, ${mib(ofOneAddress.pairings)} MiB`,
    `${defaults.maxTopicsPerClient}: \`--max-topics-per-client\``,
    `${count(defaults.maxSubscriptions)}: \`--max-subscriptions\``,
    `${mib(RECORDS)} MiB as JSON, ${mib(RECORDS_IN_MEMORY)} MiB in memory; on disk ${mib(defaults.recordFiles * MAX_RECORD_BYTES)} MiB: \`--record-files\``,
    `count ${KEPT_FRAME_BYTES} bytes more each`,
    `${count(MAX_RELAY_HOSTS)} hosts and ${mib(MAX_RELAY_HOST_BYTES)} MiB`,
  ])('says %s', (bound) => {
    expect(section).toContain(bound);
  });

  it('sums up what one address can do, as its parts are', () => {
    const sum = Object.values(ofOneAddress).reduce((all, bytes) => all + bytes, 0);
    const { waiting, messages, requests, rooms, pairings, records } = ofOneAddress;
    const said = section.replaceAll('\n', ' ');
    expect(said).toContain(`one address can do** is then ${mib(sum)} MiB`);
    for (const part of [
      `${mib(waiting)} of messages that wait`,
      `${mib(messages)} of messages that are coming in`,
      `${mib(requests)} of requests`,
      `${mib(rooms)} of rooms and members`,
      `${mib(pairings)} of pairings`,
      `${mib(records)} of records`,
    ])
      expect(said).toContain(part);
  });
});
